#pragma once
// What Swift cannot say: instructions of the processor that C has names for. Whether this one has them is asked first.
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#define RONDO_CRC32C_TARGET __attribute__((target("sse4.2")))
#elif defined(__aarch64__)
#include <sys/auxv.h>
#define RONDO_CRC32C_TARGET __attribute__((target("crc")))
#else
#define RONDO_CRC32C_TARGET
#endif

#pragma clang assume_nonnull begin

// Whether the two functions below may be called.
static inline int rondo_has_crc32c(void) {
#if defined(__x86_64__)
  unsigned a = 1, b, c = 0, d;
  __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
  return (c >> 20) & 1;  // SSE4.2
#elif defined(__aarch64__)
  return (getauxval(AT_HWCAP) & (1 << 7)) != 0;  // HWCAP_CRC32
#else
  return 0;
#endif
}

RONDO_CRC32C_TARGET static inline uint32_t rondo_crc32c_word(uint32_t crc, uint64_t word) {
#if defined(__x86_64__)
  return (uint32_t)__builtin_ia32_crc32di(crc, word);
#elif defined(__aarch64__)
  return __builtin_arm_crc32cd(crc, word);
#else
  return crc ^ (uint32_t)word;
#endif
}

RONDO_CRC32C_TARGET static inline uint32_t rondo_crc32c_byte(uint32_t crc, uint8_t byte) {
#if defined(__x86_64__)
  return __builtin_ia32_crc32qi(crc, byte);
#elif defined(__aarch64__)
  return __builtin_arm_crc32cb(crc, byte);
#else
  return crc ^ byte;
#endif
}

static inline uint64_t rondo_word(const uint8_t *bytes) {
  uint64_t word;
  memcpy(&word, bytes, sizeof word);
  return word;
}

// Carries the remainder `crc` over `count` bytes, without the inversions at either end.
RONDO_CRC32C_TARGET static inline uint32_t rondo_crc32c(uint32_t crc, const void *start, size_t count) {
  const uint8_t *bytes = start;
  for (; count >= 8; count -= 8, bytes += 8) crc = rondo_crc32c_word(crc, rondo_word(bytes));
  for (; count > 0; count--, bytes++) crc = rondo_crc32c_byte(crc, *bytes);
  return crc;
}

// The same for three neighbours of `lane` bytes each, a multiple of 8, all at once: the instruction gives its result
// after three cycles and takes new operands in each.
RONDO_CRC32C_TARGET static inline void rondo_crc32c_three(
    uint32_t *one, uint32_t *two, uint32_t *three, const void *start, size_t lane) {
  const uint8_t *bytes = start;
  uint32_t first = *one, second = *two, third = *three;
  for (size_t index = 0; index < lane; index += 8) {
    first = rondo_crc32c_word(first, rondo_word(bytes + index));
    second = rondo_crc32c_word(second, rondo_word(bytes + lane + index));
    third = rondo_crc32c_word(third, rondo_word(bytes + 2 * lane + index));
  }
  *one = first;
  *two = second;
  *three = third;
}

#pragma clang assume_nonnull end
