package dev.compress.train;

/**
 * One thing that a student learns of its teacher.
 *
 * @param kind what is compared
 * @param teacherValue the value of the teacher's graph
 * @param studentValue the value of the student's graph
 */
public record TeacherSignal(Kind kind, String teacherValue, String studentValue) {
  /** What is compared. */
  public enum Kind {
    /** An output: its scores before any softmax, or its values. */
    OUTPUT,
    /**
     * Features: squared distance to a learned linear map of the student's (FitNets, arXiv
     * 1412.6550).
     */
    HINT,
    /**
     * Where features are: squared distance of the maps {@code sum_c a_c^2}, each divided by its
     * Euclidean norm (attention transfer, arXiv 1612.03928). The teacher's is the undivided map.
     */
    ATTENTION
  }
}
