/* Kills the process before its n-th effect on the disk: preload it, with TRADELAKE_KILL_AT=n.
 * TRADELAKE_KILL_COUNT=FILE gets the number of effects of a run that was not killed. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long effects;
static long kill_at = -1;

static void __attribute__((constructor)) begin(void) {
  const char* text = getenv("TRADELAKE_KILL_AT");
  if (text) kill_at = atol(text);
}

static void __attribute__((destructor)) end(void) {
  const char* path = getenv("TRADELAKE_KILL_COUNT");
  if (!path) return;
  kill_at = -1;
  FILE* file = fopen(path, "w");
  if (!file) return;
  fprintf(file, "%ld\n", (long)effects);
  fclose(file);
}

static int is_file(int fd) {
  struct stat status;
  return fstat(fd, &status) == 0 && (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode));
}

static void effect(void) {
  if (atomic_fetch_add(&effects, 1) + 1 == kill_at) kill(getpid(), SIGKILL);
}

#define NEXT(name) \
  static __typeof__(name)* next; \
  if (!next) next = (__typeof__(name)*)dlsym(RTLD_NEXT, #name)

ssize_t write(int fd, const void* bytes, size_t size) { NEXT(write); if (is_file(fd)) effect(); return next(fd, bytes, size); }
ssize_t pwrite(int fd, const void* bytes, size_t size, off_t at) { NEXT(pwrite); effect(); return next(fd, bytes, size, at); }
ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t at) { NEXT(pwrite64); effect(); return next(fd, bytes, size, at); }
ssize_t writev(int fd, const struct iovec* parts, int count) { NEXT(writev); if (is_file(fd)) effect(); return next(fd, parts, count); }
int fsync(int fd) { NEXT(fsync); effect(); return next(fd); }
int fdatasync(int fd) { NEXT(fdatasync); effect(); return next(fd); }
int ftruncate(int fd, off_t size) { NEXT(ftruncate); effect(); return next(fd, size); }
int ftruncate64(int fd, off64_t size) { NEXT(ftruncate64); effect(); return next(fd, size); }
int rename(const char* from, const char* to) { NEXT(rename); effect(); return next(from, to); }
int link(const char* from, const char* to) { NEXT(link); effect(); return next(from, to); }
int linkat(int a, const char* from, int b, const char* to, int flags) { NEXT(linkat); effect(); return next(a, from, b, to, flags); }
int renameat2(int a, const char* from, int b, const char* to, unsigned flags) { NEXT(renameat2); effect(); return next(a, from, b, to, flags); }
int unlink(const char* path) { NEXT(unlink); effect(); return next(path); }
int mkdir(const char* path, mode_t mode) { NEXT(mkdir); effect(); return next(path, mode); }
