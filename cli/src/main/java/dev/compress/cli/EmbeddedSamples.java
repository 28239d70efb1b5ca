package dev.compress.cli;

import dev.compress.data.Dataset;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The samples of the module {@code models}. */
final class EmbeddedSamples implements SampleCatalog {
  @Override
  public List<SampleModel> list() {
    return List.of();
  }

  @Override
  public Path modelFile(String argument) {
    Optional<String> sample = Samples.name(argument);
    if (sample.isPresent()) {
      throw unknown(sample.get());
    }
    return Path.of(argument);
  }

  @Override
  public Dataset dataset(String argument) {
    throw unknown(Samples.name(argument).orElse(argument));
  }

  private UsageException unknown(String name) {
    List<String> known = list().stream().map(SampleModel::name).toList();
    return new UsageException(
        "There is no sample " + name + "; there are " + String.join(", ", known) + ".");
  }
}
