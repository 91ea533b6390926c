/* A stand-in for ffmpeg: what a worker is to the recorder from outside, without decoding anything.
 *
 * For benches and tests of supervision with hundreds of workers; compiled by fake_fleet.py. It takes the recorder's own
 * command lines:
 *
 *   a worker (-segment_list in its arguments) sleeps on 15 idle threads, lets its open segment grow each second, closes
 *   it when the clock passes a multiple of -segment_time and lists it, writes -progress blocks to stdout each second and
 *   lines of log to stderr, and ends on SIGINT or SIGTERM with its segment closed and exit code 255;
 *   a check of a file (framecrc) finds a frame for each second of it;
 *   whatever else, as the probe of abilities, succeeds at once, but for encoders in hardware.
 *
 * Its environment, all of it optional:
 *
 *   FAKE_FFMPEG_STARTS   file that each worker appends "<mark> <pid> <CLOCK_MONOTONIC at main(), ns>" to
 *   FAKE_FFMPEG_LINES    log lines per second, 1 if not given
 *   FAKE_FFMPEG_BYTES    bytes per second that its segments grow by, 4096 if not given
 *   FAKE_FFMPEG_THREADS  idle threads, 15 if not given
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BILLION 1000000000LL

static volatile sig_atomic_t asked_to_end;
static char footage[1 << 20];

static void on_signal(int number) { (void)number; asked_to_end = 1; }

/* By the names that ffmpeg 7 and later give to theirs: the recorder reads them to tell what a worker is busy with. */
static void *idle(void *number) {
  char name[16] = "dmx0:concat";
  if (number) snprintf(name, sizeof name, "av:h264:df%d", (int)((long)number % 100));
  prctl(PR_SET_NAME, name);
  for (;;) pause();
  return number;
}

static long long monotonic_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * BILLION + now.tv_nsec;
}

static void sleep_until(long long ns) {
  struct timespec until = {ns / BILLION, ns % BILLION};
  while (!asked_to_end && clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) != 0) {}
}

static long setting(const char *name, long otherwise) {
  const char *value = getenv(name);
  return value ? atol(value) : otherwise;
}

static const char *option(int count, char **arguments, const char *name) {
  for (int at = 1; at + 1 < count; at++)
    if (strcmp(arguments[at], name) == 0) return arguments[at + 1];
  return NULL;
}

static void put(int descriptor, const char *text, size_t length) {
  while (length > 0) {
    ssize_t written = write(descriptor, text, length);
    if (written <= 0) return;
    text += written;
    length -= written;
  }
}

static void stamp(long long started_ns) {
  const char *path = getenv("FAKE_FFMPEG_STARTS"), *mark = getenv("VMSTUI_PROCESS");
  int file = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
  if (file < 0) return;
  char line[512];
  int length = snprintf(line, sizeof line, "%s %d %lld\n", mark ? mark : "-", (int)getpid(), started_ns);
  put(file, line, length);
  close(file);
}

/* -- the recording --------------------------------------------------------------------------------------------------*/

static const char *list;
static char folder[4096];
static int segment = -1, number;
static double begun_s;

static void open_segment(double at_s, long bytes) {
  char path[4200];
  snprintf(path, sizeof path, "%s/%06d.mp4", folder, number);
  segment = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  begun_s = at_s;
  put(segment, footage, bytes);
}

static void close_segment(double at_s) {
  char line[128];
  int length = snprintf(line, sizeof line, "%06d.mp4,%f,%f\n", number++, begun_s, at_s);
  close(segment);
  int file = open(list, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  put(file, line, length);
  close(file);
}

static int work(int count, char **arguments) {
  long long started_ns = monotonic_ns();
  stamp(started_ns);
  long lines = setting("FAKE_FFMPEG_LINES", 1), bytes = setting("FAKE_FFMPEG_BYTES", 4096);
  const char *length = option(count, arguments, "-segment_time");
  long segment_s = length ? atol(length) : 180;
  int progress = option(count, arguments, "-progress") != NULL;
  if (bytes > (long)sizeof footage) bytes = sizeof footage;
  list = option(count, arguments, "-segment_list");
  snprintf(folder, sizeof folder, "%s", list);
  *strrchr(folder, '/') = 0;

  sigset_t both;
  sigemptyset(&both);
  sigaddset(&both, SIGINT);
  sigaddset(&both, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &both, NULL); /* for the idle threads: signals are for the main one */
  pthread_attr_t small;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 16384);
  for (long at = setting("FAKE_FFMPEG_THREADS", 15); at > 0; at--) {
    pthread_t thread;
    pthread_create(&thread, &small, idle, (void *)(at - 1));
  }
  struct sigaction end = {.sa_handler = on_signal};
  sigaction(SIGINT, &end, NULL);
  sigaction(SIGTERM, &end, NULL);
  signal(SIGPIPE, SIG_IGN); /* as ffmpeg does (fftools/ffmpeg.c, term_init): a dead reader of its log ends no recording */
  pthread_sigmask(SIG_UNBLOCK, &both, NULL);

  /* Footage at once; then each does its work at an instant of its own within the second. */
  open_segment(0, bytes < 4096 ? 4096 : bytes);
  long long period = time(NULL) / segment_s;
  long long first_ns = started_ns + (getpid() % 1000) * (BILLION / 1000), beat = 0;
  long beats_per_s = lines > 1 ? lines : 1;
  char text[512];
  for (; !asked_to_end; beat++) {
    sleep_until(first_ns + beat * BILLION / beats_per_s);
    if (asked_to_end) break;
    double at_s = (monotonic_ns() - started_ns) / 1e9;
    if (lines > 0) {
      int size = snprintf(text, sizeof text, "[in#0/concat @ 0x55d0c0de%04x] [warning] line %lld: RTP: missed %lld packets\n",
                          getpid() & 0xffff, beat, beat % 7);
      put(2, text, size);
    }
    if (beat % beats_per_s) continue;
    if (time(NULL) / segment_s != period) {
      period = time(NULL) / segment_s;
      close_segment(at_s);
      open_segment(at_s, bytes < 4096 ? 4096 : bytes);
    }
    put(segment, footage, bytes);
    if (progress) {
      int size = snprintf(text, sizeof text,
                          "frame=%lld\nfps=15.00\nstream_0_0_q=-1.0\nbitrate=N/A\ntotal_size=N/A\nout_time_us=%lld\n"
                          "out_time_ms=%lld\nout_time=%02d:%02d:%09.6f\ndup_frames=0\ndrop_frames=0\nspeed=   1x\n"
                          "progress=continue\n",
                          (long long)(at_s * 15), (long long)(at_s * 1e6), (long long)(at_s * 1e6), (int)at_s / 3600,
                          (int)at_s / 60 % 60, at_s - (int)at_s / 60 * 60);
      put(1, text, size);
    }
  }
  close_segment((monotonic_ns() - started_ns) / 1e9);
  return 255;
}

/* -- what is not a worker -------------------------------------------------------------------------------------------*/

static int check(const char *path) {
  struct stat status;
  if (strncmp(path, "file:", 5) == 0) path += 5;
  if (stat(path, &status) != 0) return 1;
  long bytes = setting("FAKE_FFMPEG_BYTES", 4096);
  long frames = status.st_size / (bytes > 0 ? bytes : 4096);
  puts("#tb 0: 1/1000\n#media_type 0: video\n#codec_id 0: h264\n#dimensions 0: 320x180");
  for (long at = 0; at < (frames ? frames : 1); at++) printf("0, %ld, %ld, 1000, 4096, 0x0\n", at * 1000, at * 1000);
  return 0;
}

int main(int count, char **arguments) {
  if (option(count, arguments, "-segment_list")) return work(count, arguments);
  for (int at = 1; at < count; at++) {
    if (strcmp(arguments[at], "framecrc") == 0) return check(option(count, arguments, "-i"));
    if (strcmp(arguments[at], "-version") == 0) puts("ffmpeg version 9.0.2-stand-in");
    if (strcmp(arguments[at], "-muxers") == 0) puts("  E rtsp            RTSP output");
    if (strstr(arguments[at], "_nvenc") || strstr(arguments[at], "_qsv") || strstr(arguments[at], "_vaapi")) {
      fputs("[error] a stand-in has no hardware\n", stderr);
      return 1;
    }
  }
  return 0;
}
