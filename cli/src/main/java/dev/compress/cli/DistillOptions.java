package dev.compress.cli;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What {@code compress distill} trains: models, data and files. */
final class DistillOptions {
  @Option(
      names = "--teacher",
      order = 1,
      paramLabel = "MODEL",
      description = "Learn from this model, or sample:NAME. Default: from labels alone.")
  @Nullable String teacher;

  @Option(names = "--student", order = 2, paramLabel = "MODEL", description = "The model to train.")
  @Nullable String student;

  @Option(
      names = "--student-from",
      order = 3,
      paramLabel = "HOW",
      description =
          "Make the student of the teacher: prune=0.5 removes that share of the channels, width=0.5"
              + " keeps that share and begins with new weights, depth=N keeps N residual blocks.")
  @Nullable String studentFrom;

  @Option(
      names = "--train-data",
      order = 4,
      paramLabel = "PATH",
      description = "Data to learn from, with or without labels, or sample:NAME. Needed.")
  @Nullable String trainData;

  @Option(
      names = "--train-samples",
      order = 5,
      paramLabel = "N",
      description = "Use the first N samples of it. Default: all.")
  @Nullable Integer trainSamples;

  @Option(
      names = "--validation-data",
      order = 6,
      paramLabel = "PATH",
      description =
          "Data to choose the best epoch on. Default: a tenth of the training data, by seed, which"
              + " is then not trained on.")
  @Nullable String validationData;

  @Option(
      names = "--data",
      order = 7,
      paramLabel = "PATH",
      description =
          "Labelled data for the final score, which serves nothing else; or sample:NAME. Default:"
              + " none.")
  @Nullable String data;

  @Option(
      names = "--data-config",
      order = 8,
      paramLabel = "FILE",
      description = "Describes the data. Default: NAME.yaml beside each, if there is one.")
  @Nullable Path dataConfig;

  @Option(
      names = {"-o", "--output"},
      order = 9,
      paramLabel = "FILE",
      description = "The model to write. Default: beside the student, such as s.distilled.onnx.")
  @Nullable Path output;

  @Option(
      names = "--force",
      order = 10,
      description = "Replace an existing output. Default: it is an error.")
  boolean force;

  @Option(
      names = "--checkpoint",
      order = 11,
      paramLabel = "FILE",
      description =
          "Keep the state of the training there, at least each minute. Default: beside the output,"
              + " and removed at the end.")
  @Nullable Path checkpoint;

  @Option(
      names = "--resume",
      order = 12,
      description = "Go on from the checkpoint, if there is one; the result is the same.")
  boolean resume;

  @Option(
      names = "--log",
      order = 13,
      paramLabel = "FILE",
      description = "Write loss, metric and rate of each epoch there, as CSV. Default: none.")
  @Nullable Path log;

  @Option(
      names = "--teacher-cache",
      order = 14,
      paramLabel = "DIR",
      description =
          "Keep the teacher's outputs there, so that another training finds them. Default: in the"
              + " cache folder of this user.")
  @Nullable Path teacherCache;

  @Option(
      names = "--report",
      order = 15,
      paramLabel = "FILE",
      description = "Write the report there too: .json or .html. Repeatable. Default: none.")
  List<Path> reports = List.of();

  @Option(
      names = "--energy",
      order = 16,
      paramLabel = "SOURCE",
      description = "What the report takes the energy of the training from. Default: auto.")
  @Nullable String energy;
}
