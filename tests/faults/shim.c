/* The k-th write, flush, rename, link or cut of a regular file fails, or the process dies there. See enumerated.py. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_long calls, target;
static atomic_int mode; /* 0: count, 1: fail once, 2: fail from there on, 3: die before, 4: die after */

void fault_arm(long k, int how) { calls = 0; target = k; mode = how; }
long fault_calls(void) { return calls; }

static int is_file(int fd) {
  struct stat s;
  return fstat(fd, &s) == 0 && S_ISREG(s.st_mode);
}

static int strikes(void) {
  long n = ++calls;
  if (mode == 0) return 0;
  if (n == target && mode == 3) kill(getpid(), SIGKILL);
  return (n == target && mode == 1) || (n >= target && mode == 2);
}

static void after(void) {
  if (mode == 4 && calls == target) kill(getpid(), SIGKILL);
}

#define REAL(name, type, ...) \
  static type (*real)(__VA_ARGS__); \
  if (!real) real = dlsym(RTLD_NEXT, #name);
#define FAULT(condition, call) \
  if (!(condition)) return call; \
  if (strikes()) { errno = ENOSPC; return -1; } \
  { __typeof__(call) result = call; after(); return result; }

ssize_t write(int fd, const void *b, size_t n) { REAL(write, ssize_t, int, const void *, size_t) FAULT(is_file(fd), real(fd, b, n)) }
ssize_t pwrite(int fd, const void *b, size_t n, off_t o) { REAL(pwrite, ssize_t, int, const void *, size_t, off_t) FAULT(is_file(fd), real(fd, b, n, o)) }
ssize_t pwrite64(int fd, const void *b, size_t n, off64_t o) { REAL(pwrite64, ssize_t, int, const void *, size_t, off64_t) FAULT(is_file(fd), real(fd, b, n, o)) }
int fsync(int fd) { REAL(fsync, int, int) FAULT(1, real(fd)) }
int fdatasync(int fd) { REAL(fdatasync, int, int) FAULT(1, real(fd)) }
int ftruncate(int fd, off_t n) { REAL(ftruncate, int, int, off_t) FAULT(1, real(fd, n)) }
int ftruncate64(int fd, off64_t n) { REAL(ftruncate64, int, int, off64_t) FAULT(1, real(fd, n)) }
int rename(const char *a, const char *b) { REAL(rename, int, const char *, const char *) FAULT(1, real(a, b)) }
int renameat(int d, const char *a, int e, const char *b) { REAL(renameat, int, int, const char *, int, const char *) FAULT(1, real(d, a, e, b)) }
int link(const char *a, const char *b) { REAL(link, int, const char *, const char *) FAULT(1, real(a, b)) }
int linkat(int d, const char *a, int e, const char *b, int f) { REAL(linkat, int, int, const char *, int, const char *, int) FAULT(1, real(d, a, e, b, f)) }
