/*
 * Stands in for the CUDA driver in tests: a slow GPU on the first bus and a fast one on the third.
 * As the real one it reads the environment when it is initialised: by bus or, unless told, by speed;
 * and CUDA_VISIBLE_DEVICES, of which only numbers are understood here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef INIT_CODE
#define INIT_CODE 0
#endif

static int order[2], count;

int cuInit(unsigned int flags) {
  (void)flags;
  const char *by = getenv("CUDA_DEVICE_ORDER");
  const char *visible = getenv("CUDA_VISIBLE_DEVICES");
  int byBus = by != NULL && strcmp(by, "PCI_BUS_ID") == 0;
  int all[2] = {byBus ? 0 : 1, byBus ? 1 : 0};
  count = 0;
  if (visible == NULL) {
    for (; count < 2; count++) order[count] = all[count];
  } else {
    for (const char *at = visible; *at != 0 && count < 2; at += at[1] == ',' ? 2 : 1) {
      if (*at < '0' || *at > '1') break;
      order[count++] = all[*at - '0'];
    }
  }
  return INIT_CODE;
}

int cuGetErrorString(int code, const char **text) {
  *text = code == 100 ? "no CUDA-capable device is detected" : "unknown error";
  return 0;
}

int cuDriverGetVersion(int *version) { *version = 12040; return 0; }
int cuDeviceGetCount(int *out) { *out = count; return 0; }

/* A handle is no index: whoever mixes them up is told of another GPU. */
int cuDeviceGet(int *device, int index) {
  if (index >= count) return 101;
  *device = 1 - order[index];
  return 0;
}

int cuDeviceGetName(char *text, int length, int device) {
  snprintf(text, (size_t)length, device == 1 ? "Slow GPU" : "Fast GPU");
  return 0;
}

int cuDeviceGetPCIBusId(char *text, int length, int device) {
  snprintf(text, (size_t)length, "0000:%s:00.0", device == 1 ? "01" : "81");
  return 0;
}

int cuDeviceGetUuid_v2(unsigned char *uuid, int device) {
  for (int i = 0; i < 16; i++) uuid[i] = (unsigned char)(i * 17 + (device == 1 ? 0 : 1));
  return 0;
}

int cuDeviceTotalMem_v2(size_t *bytes, int device) {
  *bytes = (size_t)(device == 1 ? 4 : 24) << 30;
  return 0;
}

int cuDeviceGetAttribute(int *value, int attribute, int device) {
  (void)device;
  if (attribute != 75 && attribute != 76) return 1;
  *value = attribute == 75 ? 8 : 6;
  return 0;
}
