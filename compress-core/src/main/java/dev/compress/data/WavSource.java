package dev.compress.data;

import dev.compress.error.InvalidDataException;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** WAV files as samples: waveforms in [-1, 1), {@code [samples]} or {@code [channels, samples]}. */
final class WavSource implements SampleSource {
  private static final String NAME = "waveform";

  private final ClassFolders folders;
  private final Optional<Labels> labels;
  private final SourceField field;
  private final int rate;
  private final int channels;

  WavSource(Path folder, LabelSpec spec) {
    this.folders = ClassFolders.list(folder, ClassFolders.WAVS, spec.classes());
    if (folders.files().isEmpty()) {
      throw new InvalidDataException(folder + " holds no WAV file.");
    }
    this.labels = folders.labels(folder.toString());
    WavFile first = WavFile.open(folders.files().get(0));
    this.rate = first.ratePerSecond();
    this.channels = first.channels();
    this.field =
        new SourceField(
            NAME,
            SourceField.Kind.AUDIO,
            ElementType.FLOAT,
            channels == 1 ? List.of(-1L) : List.of((long) channels, -1L));
  }

  @Override
  public long count() {
    return folders.files().size();
  }

  @Override
  public List<SourceField> fields() {
    return List.of(field);
  }

  @Override
  public Optional<Labels> labels() {
    return labels;
  }

  @Override
  public List<String> notes() {
    return List.of("The waveforms have " + rate + " samples a second; none is resampled.");
  }

  @Override
  public List<Path> files() {
    return folders.files();
  }

  @Override
  public Cursor cursor() {
    return (wanted, index) -> {
      WavFile wav = WavFile.open(folders.files().get((int) index));
      if (wav.ratePerSecond() != rate || wav.channels() != channels) {
        throw new InvalidDataException(
            wav.file()
                + " has "
                + wav.channels()
                + " channels at "
                + wav.ratePerSecond()
                + " Hz, "
                + folders.files().get(0)
                + " has "
                + channels
                + " at "
                + rate
                + ". Bring all to the same.");
      }
      Shape shape = channels == 1 ? Shape.of(wav.frames()) : Shape.of(channels, wav.frames());
      return new RawValue(ElementType.FLOAT, shape, wav.floats());
    };
  }
}
