package dev.compress.runtime;

import java.io.Serializable;

/**
 * Which device it is, by its driver. Empty texts are unknown.
 *
 * @param name such as "NVIDIA A100-SXM4-40GB"
 * @param uuid such as "GPU-8f2c..."; of a slice of a GPU, the slice's
 * @param pciBusId such as "0000:41:00.0"
 * @param computeCapability such as "8.0"
 * @param memoryBytes of the device
 * @param driver what it can run, such as "CUDA 12.4"
 */
public record DeviceIdentity(
    String name,
    String uuid,
    String pciBusId,
    String computeCapability,
    long memoryBytes,
    String driver)
    implements Serializable {}
