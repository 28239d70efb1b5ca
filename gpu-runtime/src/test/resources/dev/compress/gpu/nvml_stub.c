/*
 * Stands in for the driver's library in tests: two GPUs, 200 W each, with a counter that ticks every
 * 100 ms. What it cannot do is chosen when it is compiled (-D) or while it runs (stub_set).
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#ifndef INIT_CODE
#define INIT_CODE 0
#endif

enum { LOST = 0, ENERGY_CODE = 1, POWER_CODE = 2, REASONS = 3, OTHER_PROCESS = 4, SHUTDOWNS = 5 };
static long long state[8];

void stub_set(int what, long long value) { state[what] = value; }
long long stub_get(int what) { return state[what]; }

struct gpu { int index; };
static struct gpu gpus[2] = {{0}, {1}};

typedef struct {
  char busIdLegacy[16];
  unsigned int domain, bus, device, pciDeviceId, pciSubSystemId;
  char busId[32];
} pci_info;

typedef struct {
  unsigned int fieldId, scopeId;
  long long timestamp, latencyUsec;
  unsigned int valueType;
  int nvmlReturn;
  union { double d; unsigned int ui; unsigned long long ull; } value;
} field_value;

typedef struct {
  unsigned int pid;
  unsigned long long usedGpuMemory;
  unsigned int gpuInstanceId, computeInstanceId;
} process_info;

int nvmlInit_v2(void) { return INIT_CODE; }
int nvmlShutdown(void) { state[SHUTDOWNS]++; return 0; }

const char *nvmlErrorString(int code) {
  switch (code) {
    case 3: return "Not Supported";
    case 4: return "Insufficient Permissions";
    case 9: return "Driver Not Loaded";
    case 15: return "GPU is lost";
    case 18: return "Driver/library version mismatch";
    default: return "Unknown Error";
  }
}

int nvmlDeviceGetCount_v2(unsigned int *count) { *count = 2; return 0; }

int nvmlDeviceGetHandleByIndex_v2(unsigned int index, void **device) {
  if (index > 1) return 2;
  *device = &gpus[index];
  return 0;
}

int nvmlDeviceGetUUID(void *device, char *text, unsigned int length) {
  snprintf(text, length, "GPU-%08d-aaaa-bbbb-cccc-dddddddddddd", ((struct gpu *)device)->index + 7);
  return 0;
}

int nvmlDeviceGetName(void *device, char *text, unsigned int length) {
  (void)device;
  snprintf(text, length, "Stub 9000");
  return 0;
}

/* NVML's own order is not that of the buses here. */
int nvmlDeviceGetPciInfo_v3(void *device, pci_info *info) {
  memset(info, 0, sizeof *info);
  snprintf(info->busId, 32, "00000000:%s:00.0", ((struct gpu *)device)->index == 0 ? "81" : "01");
  return 0;
}

#ifndef NO_ENERGY
static long long milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

int nvmlDeviceGetTotalEnergyConsumption(void *device, unsigned long long *energy) {
  (void)device;
  if (state[LOST]) return 15;
  if (state[ENERGY_CODE]) return (int)state[ENERGY_CODE];
  *energy = (unsigned long long)(milliseconds() / 100 * 100 * 200);
  return 0;
}
#endif

int nvmlDeviceGetPowerUsage(void *device, unsigned int *power) {
  (void)device;
  if (state[LOST]) return 15;
  if (state[POWER_CODE]) return (int)state[POWER_CODE];
  *power = 200000;
  return 0;
}

int nvmlDeviceGetFieldValues(void *device, int count, field_value *values) {
  (void)device;
  for (int i = 0; i < count; i++) {
    if (values[i].scopeId == 1 && values[i].fieldId == 186) {
      values[i].nvmlReturn = 0;
      values[i].valueType = 1;
      values[i].value.ui = 450000;
    } else {
      values[i].nvmlReturn = 3;
    }
  }
  return 0;
}

int nvmlDeviceGetCurrentClocksThrottleReasons(void *device, unsigned long long *reasons) {
  (void)device;
  *reasons = (unsigned long long)state[REASONS];
  return 0;
}

int nvmlDeviceGetComputeRunningProcesses_v3(void *device, unsigned int *count, process_info *all) {
  (void)device;
  *count = state[OTHER_PROCESS] ? 2 : 1;
  all[0].pid = 4242;
  all[1].pid = (unsigned int)state[OTHER_PROCESS];
  return 0;
}
