package dev.compress.runtime;

/**
 * Something that a device needs, and whether it is there.
 *
 * @param name what, in few words, such as "cuDNN 9"
 * @param isMet whether it is there
 * @param detail where it was found, or what exactly is missing
 * @param remedy what to do about it; empty if it is met
 */
public record DeviceRequirement(String name, boolean isMet, String detail, String remedy) {
  /** It is there. */
  public static DeviceRequirement met(String name, String where) {
    return new DeviceRequirement(name, true, where, "");
  }

  /** It is not there. */
  public static DeviceRequirement missing(String name, String what, String remedy) {
    return new DeviceRequirement(name, false, what, remedy);
  }
}
