package dev.compress.cli;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Holds the shape of the house: who may see whom, and what only one package may touch.
 *
 * <p>It lives in {@code cli} because only {@code cli} has every module on its class path.
 */
@Tag("architecture")
class ArchitectureTest {
  /** An import that found fewer classes looked in the wrong place and would pass everything. */
  private static final int CLASSES_AT_LEAST = 150;

  /**
   * The packages of the core, lowest first. A package may import those of earlier lines and its
   * neighbours in the same line; {@link #noPackagesFormACircle} keeps neighbours apart. A new
   * package has to be given its place here.
   */
  private static final List<List<String>> CORE_LOWEST_FIRST =
      List.of(
          List.of("error"),
          List.of("progress"),
          List.of("parallel"),
          List.of("linalg"),
          List.of("tensor"),
          List.of("graph"),
          List.of("onnx"),
          List.of("runtime", "data", "metric", "timing", "energy"),
          List.of("calibrate"),
          List.of("gradient"),
          List.of("pass", "proof"),
          List.of("prepare"),
          List.of("quantize", "prune", "cluster", "lowrank", "pack"),
          List.of("search"),
          List.of("train"),
          List.of("recipe"),
          List.of("report", "inspect"));

  private static final String CORE = "dev.compress";
  private static final List<String> OUTER = List.of("evaluation", "gpu", "models");

  private static final JavaClasses MAIN =
      new ClassFileImporter()
          .withImportOption(
              location -> !location.contains("/test-classes/") && !location.contains("-tests.jar"))
          .importPackages(CORE);

  @Test
  void enoughClassesAreSeen() {
    assertThat(MAIN.size()).isGreaterThanOrEqualTo(CLASSES_AT_LEAST);
    assertThat(MAIN).noneMatch(type -> type.getSimpleName().endsWith("Test"));
  }

  @Test
  void everyCorePackageHasItsPlace() {
    TreeSet<String> known = new TreeSet<>(OUTER);
    known.add("cli");
    CORE_LOWEST_FIRST.forEach(known::addAll);
    TreeSet<String> seen = new TreeSet<>();
    for (JavaClass type : MAIN) {
      if (!type.getPackageName().equals(CORE)) {
        seen.add(type.getPackageName().substring(CORE.length() + 1).split("\\.", 2)[0]);
      }
    }
    assertThat(known).as("packages with a place in CORE_LOWEST_FIRST").containsAll(seen);
  }

  static Stream<List<String>> coreLevels() {
    return CORE_LOWEST_FIRST.stream();
  }

  @ParameterizedTest
  @MethodSource("coreLevels")
  void aCorePackageImportsOnlyLowerOnes(List<String> level) {
    List<String> allowed = new ArrayList<>();
    for (List<String> lower : CORE_LOWEST_FIRST) {
      lower.forEach(name -> allowed.add(CORE + "." + name + ".."));
      if (lower.equals(level)) {
        break;
      }
    }
    noClasses()
        .that(
            resideInAnyPackage(
                level.stream().map(n -> CORE + "." + n + "..").toArray(String[]::new)))
        .should()
        .dependOnClassesThat(ours().and(not(resideInAnyPackage(allowed.toArray(String[]::new)))))
        .allowEmptyShould(true)
        .check(MAIN);
  }

  @Test
  void theDoorIsImportedByOuterModulesOnly() {
    noClasses()
        .that(resideInAPackage(CORE + ".."))
        .and(not(resideInAnyPackage(outerAndCli())))
        .and(not(resideInAPackage(CORE)))
        .should()
        .dependOnClassesThat(resideInAPackage(CORE))
        .check(MAIN);
    noClasses()
        .that(resideInAPackage(CORE))
        .should()
        .dependOnClassesThat(resideInAnyPackage(outerAndCli()))
        .allowEmptyShould(true)
        .check(MAIN);
  }

  @ParameterizedTest
  @ValueSource(strings = {"evaluation", "gpu", "models"})
  void theStarHasNoCrossing(String module) {
    String[] others =
        Stream.concat(OUTER.stream(), Stream.of("cli"))
            .filter(name -> !name.equals(module))
            .map(name -> CORE + "." + name + "..")
            .toArray(String[]::new);
    noClasses()
        .that(resideInAPackage(CORE + "." + module + ".."))
        .should()
        .dependOnClassesThat(resideInAnyPackage(others))
        .check(MAIN);
  }

  @Test
  void noPackagesFormACircle() {
    slices().matching(CORE + ".(**)").should().beFreeOfCycles().check(MAIN);
  }

  /** Deep Java Library closes those numbers at once, and autograd keeps pointers to them. */
  @Test
  void numbersThatAutogradKeepsAreTheEngines() {
    noClasses()
        .that()
        .resideInAnyPackage("dev.compress.models.autograd..", "dev.compress.models.training.loss..")
        .or()
        .haveSimpleName("FakeQuantizers")
        .should()
        .callMethodWhere(
            DescribedPredicate.describe(
                "a product of an NDArray and a Number, not through Scalars",
                call ->
                    List.of("mul", "div", "mod", "pow", "maximum", "minimum")
                            .contains(call.getTarget().getName())
                        && call.getTargetOwner().getName().equals("ai.djl.ndarray.NDArray")
                        && call.getTarget()
                            .getRawParameterTypes()
                            .get(0)
                            .isEquivalentTo(Number.class)))
        .check(MAIN);
  }

  @Test
  void protobufStaysInTests() {
    noClasses()
        .should()
        .dependOnClassesThat(resideInAnyPackage("com.google.protobuf..", "ai.onnx.proto.."))
        .check(MAIN);
  }

  @Test
  void onnxRuntimeStaysBehindItsPort() {
    onlyIn(new String[] {CORE + ".runtime..", CORE + ".gpu.."}, "ai.onnxruntime..");
  }

  @Test
  void deepJavaLibraryStaysInTraining() {
    onlyIn(new String[] {CORE + ".models.training..", CORE + ".models.autograd.."}, "ai.djl..");
    // The slim distribution has no Deep Java Library: training is reached through its port only.
    onlyIn(new String[] {CORE + ".models.training.."}, CORE + ".models.training..");
    onlyIn(
        new String[] {CORE + ".models.training..", CORE + ".models.autograd.."},
        CORE + ".models.autograd..");
  }

  @Test
  void theCommandLineLibrariesStayInCli() {
    onlyIn(new String[] {CORE + ".cli.."}, "picocli..");
  }

  @Test
  void onlyCliPrints() {
    noClasses()
        .that(not(resideInAPackage(CORE + ".cli..")))
        .should(ACCESS_STANDARD_STREAMS)
        .check(MAIN);
  }

  @Test
  void onlyCliEndsTheProcess() {
    DescribedPredicate<JavaClass> outsideCli = not(resideInAPackage(CORE + ".cli.."));
    noClasses().that(outsideCli).should().callMethod(System.class, "exit", int.class).check(MAIN);
    noClasses().that(outsideCli).should().callMethod(Runtime.class, "exit", int.class).check(MAIN);
    noClasses().that(outsideCli).should().callMethod(Runtime.class, "halt", int.class).check(MAIN);
  }

  @Test
  void logsGoThroughSystemLogger() {
    noClasses()
        .should()
        .dependOnClassesThat(resideInAnyPackage("java.util.logging..", "org.slf4j.."))
        .check(MAIN);
  }

  @Test
  void nothingIsStaticAndMutable() {
    fields()
        .that()
        .areStatic()
        .and()
        .doNotHaveModifier(JavaModifier.SYNTHETIC)
        .should()
        .beFinal()
        .check(MAIN);
  }

  @Test
  void everyPackageIsNullMarked() {
    TreeSet<String> unmarked = new TreeSet<>();
    for (JavaClass type : MAIN) {
      if (!type.getPackage().isAnnotatedWith(NullMarked.class)) {
        unmarked.add(type.getPackageName());
      }
    }
    assertThat(unmarked).as("packages without @NullMarked in package-info.java").isEmpty();
  }

  @Test
  void namesSayWhatAClassIs() {
    classes()
        .should()
        .haveSimpleNameNotEndingWith("Util")
        .andShould()
        .haveSimpleNameNotEndingWith("Utils")
        .andShould()
        .haveSimpleNameNotEndingWith("Manager")
        .andShould()
        .haveSimpleNameNotEndingWith("Helper")
        .andShould()
        .haveSimpleNameNotEndingWith("Impl")
        .check(MAIN);
  }

  private static void onlyIn(String[] homes, String... library) {
    noClasses()
        .that(not(resideInAnyPackage(homes)))
        .should()
        .dependOnClassesThat(resideInAnyPackage(library))
        .check(MAIN);
  }

  private static DescribedPredicate<JavaClass> ours() {
    return resideInAPackage(CORE + "..");
  }

  private static String[] outerAndCli() {
    return Stream.concat(OUTER.stream(), Stream.of("cli"))
        .map(name -> CORE + "." + name + "..")
        .toArray(String[]::new);
  }
}
