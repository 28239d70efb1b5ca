package dev.compress.cli;

import dev.compress.data.Dataset;
import dev.compress.models.Sample;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The samples of the module {@code models}, extracted when they are first asked for. */
final class EmbeddedSamples implements SampleCatalog {
  @Override
  public List<SampleModel> list() {
    return dev.compress.models.SampleCatalog.samples().stream()
        .map(sample -> new SampleModel(sample.name(), sample.description()))
        .toList();
  }

  @Override
  public Path modelFile(String argument) {
    Optional<String> sample = Samples.name(argument);
    return sample.isPresent() ? find(sample.get()).extract().model() : Path.of(argument);
  }

  @Override
  public Dataset calibrationData(String argument) {
    return Dataset.open(find(nameOf(argument)).extract().calibrationData());
  }

  @Override
  public Dataset trainingData(String argument) {
    return Dataset.open(find(nameOf(argument)).trainingData());
  }

  @Override
  public Dataset testData(String argument) {
    return Dataset.open(find(nameOf(argument)).extract().testData());
  }

  private static String nameOf(String argument) {
    return Samples.name(argument).orElse(argument);
  }

  private Sample find(String name) {
    List<String> known = list().stream().map(SampleModel::name).toList();
    return dev.compress.models.SampleCatalog.find(name)
        .orElseThrow(
            () ->
                new UsageException(
                    "There is no sample '"
                        + name
                        + "'; there is "
                        + String.join(", ", known)
                        + "."));
  }
}
