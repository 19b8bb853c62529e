/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How many CPUs this process may use: those of its affinity mask, less if a control group limits its time.
 *
 * A container is often given, say, two CPUs' worth of time on a machine with 64. Sixty-four threads there
 * would spend their slice of each period at once and then all stand still. The limit is read as the kernel
 * documents it (admin-guide/cgroup-v2.rst, "cpu.max"; cgroup-v1: cpu.cfs_quota_us): the group of
 * this process and each group above it may have one, and the smallest counts. */

#include "config.h"

#include "base/cf-cpu-count-private.h"

#include <sched.h>
#include <stdatomic.h>

/* The CPUs' worth of time that `quota` in `period` is, rounded up; G_MAXUINT if there is no limit. */
static guint
quota_to_cpus (const char *quota,
               const char *period)
{
  guint64 quota_usec = 0;
  guint64 period_usec = 0;

  if (!g_ascii_string_to_unsigned (quota, 10, 1, G_MAXINT64, &quota_usec, NULL) ||
      !g_ascii_string_to_unsigned (period, 10, 1, G_MAXINT64, &period_usec, NULL))
    return G_MAXUINT;

  return (guint) MIN ((quota_usec + period_usec - 1) / period_usec, G_MAXUINT);
}

static char *
read_setting (const char *folder,
              const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *contents = NULL;

  if (!g_file_get_contents (path, &contents, NULL, NULL))
    return NULL;

  return g_strdup (g_strstrip (contents));
}

static guint
limit_of_group (const char *folder)
{
  g_autofree char *maximum = read_setting (folder, "cpu.max");
  g_autofree char *quota = read_setting (folder, "cpu.cfs_quota_us");
  g_autofree char *period = read_setting (folder, "cpu.cfs_period_us");

  if (maximum != NULL)
    {
      g_auto(GStrv) words = g_strsplit (maximum, " ", 2);

      if (g_strv_length (words) == 2)
        return quota_to_cpus (words[0], words[1]);
    }

  if (quota != NULL && period != NULL)
    return quota_to_cpus (quota, period);

  return G_MAXUINT;
}

/* The smallest limit of the group at `path` below `root` and of those above it. */
static guint
limit_of_hierarchy (const char *root,
                    const char *path)
{
  g_autofree char *group = g_strdup (path);
  guint limit = G_MAXUINT;

  while (TRUE)
    {
      g_autofree char *folder = g_build_filename (root, group, NULL);
      char *slash;

      limit = MIN (limit, limit_of_group (folder));

      slash = strrchr (group, '/');
      if (slash == NULL)
        return limit;

      *slash = '\0';
    }
}

/**
 * cf_cpu_count_with_quota:
 * @n_cpus: the CPUs of the affinity mask
 * @self_cgroup: the path of /proc/self/cgroup
 * @cgroup_root: where control groups are mounted, /sys/fs/cgroup
 *
 * Returns: @n_cpus, or the CPUs' worth of time that the process may use if that is less; at least 1
 */
guint
cf_cpu_count_with_quota (guint       n_cpus,
                         const char *self_cgroup,
                         const char *cgroup_root)
{
  g_autofree char *contents = NULL;
  g_auto(GStrv) lines = NULL;
  guint limit = n_cpus;

  if (!g_file_get_contents (self_cgroup, &contents, NULL, NULL))
    return MAX (limit, 1);

  /* Each line is HIERARCHY:CONTROLLERS:PATH. Version 2 names no controllers; version 1 has a mount for each
   * set of controllers, named like the set. */
  lines = g_strsplit (contents, "\n", -1);
  for (gsize i = 0; lines[i] != NULL; i++)
    {
      g_auto(GStrv) fields = g_strsplit (lines[i], ":", 3);
      g_auto(GStrv) controllers = NULL;
      g_autofree char *root = NULL;

      if (g_strv_length (fields) != 3)
        continue;

      controllers = g_strsplit (fields[1], ",", -1);
      if (*fields[1] != '\0' && !g_strv_contains ((const char *const *) controllers, "cpu"))
        continue;

      root = g_build_filename (cgroup_root, fields[1], NULL);
      limit = MIN (limit, limit_of_hierarchy (root, fields[2]));
    }

  return MAX (limit, 1);
}

/* g_get_num_processors() tells what it found when it was first called. */
static guint
count_affinity (void)
{
#ifdef __linux__
  cpu_set_t cpus;

  if (sched_getaffinity (0, sizeof (cpus), &cpus) == 0)
    return (guint) CPU_COUNT (&cpus);
#endif

  return g_get_num_processors ();
}

/**
 * cf_cpu_count:
 *
 * Returns: the CPUs that this process may use now; at least 1
 */
guint
cf_cpu_count (void)
{
  return cf_cpu_count_with_quota (count_affinity (), "/proc/self/cgroup", "/sys/fs/cgroup");
}

static _Atomic guint cached_count;

/**
 * cf_cpu_count_cached:
 *
 * Returns: the CPUs that this process could use when it was first asked; at least 1
 */
guint
cf_cpu_count_cached (void)
{
  guint answer = atomic_load_explicit (&cached_count, memory_order_relaxed);

  if (answer == 0)
    {
      answer = cf_cpu_count ();
      cf_cpu_count_set_cached (answer);
    }

  return answer;
}

/**
 * cf_cpu_count_set_cached:
 * @n_cpus: how many CPUs this process may use, as another one knows that has started it
 *
 * Saves finding out, which takes a good part of the time in which a worker process starts.
 */
void
cf_cpu_count_set_cached (guint n_cpus)
{
  atomic_store_explicit (&cached_count, n_cpus, memory_order_relaxed);
}
