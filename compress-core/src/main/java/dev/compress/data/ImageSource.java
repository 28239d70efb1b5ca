package dev.compress.data;

import dev.compress.error.InvalidDataException;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Image files as samples: each is decoded when it is read. */
final class ImageSource implements SampleSource {
  private static final String NAME = "image";

  private final ClassFolders folders;
  private final Optional<Labels> labels;
  private final SourceField field;

  ImageSource(Path folder, LabelSpec spec) {
    this.folders = ClassFolders.list(folder, ClassFolders.IMAGES, spec.classes());
    if (folders.files().isEmpty()) {
      throw new InvalidDataException(folder + " holds no PNG or JPEG image.");
    }
    this.labels = folders.labels(folder.toString());
    // Later images are brought to the channels of the first, unless the descriptor or model says.
    long channels = ImageDecoder.decode(folders.files().get(0)).channels();
    this.field =
        new SourceField(
            NAME, SourceField.Kind.IMAGE, ElementType.UINT8, List.of(-1L, -1L, channels));
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
    return labels.isPresent()
        ? List.of()
        : List.of("There are no class folders, so the images have no labels.");
  }

  @Override
  public List<Path> files() {
    return folders.files();
  }

  @Override
  public Cursor cursor() {
    return (wanted, index) -> {
      Pixels pixels = ImageDecoder.decode(folders.files().get((int) index));
      return new RawValue(
          ElementType.UINT8,
          Shape.of(pixels.height(), pixels.width(), pixels.channels()),
          ByteBuffer.wrap(pixels.data()).order(ByteOrder.LITTLE_ENDIAN));
    };
  }
}
