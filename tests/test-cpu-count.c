/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How many CPUs a process may use: the limits of control groups, read from files that the test writes as the kernel
 * would. This is a private part of the library; what comes of it is the default size of a pool. */

#include <glib/gstdio.h>

#include "base/cf-cpu-count-private.h"

typedef struct
{
  char *folder;       /* holds the two others */
  char *membership;   /* stands for /proc/self/cgroup */
  char *root;         /* stands for /sys/fs/cgroup */
} Fixture;

static void
fixture_set_up (Fixture       *fixture,
                gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  fixture->folder = g_dir_make_tmp ("cfutures-XXXXXX", &error);
  g_assert_no_error (error);
  fixture->membership = g_build_filename (fixture->folder, "membership", NULL);
  fixture->root = g_build_filename (fixture->folder, "root", NULL);
}

static void
remove_all (const char *path)
{
  g_autoptr(GDir) folder = g_dir_open (path, 0, NULL);
  const char *name;

  while (folder != NULL && (name = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      remove_all (child);
    }

  g_assert_cmpint (g_remove (path), ==, 0);
}

static void
fixture_tear_down (Fixture       *fixture,
                   gconstpointer  data)
{
  remove_all (fixture->folder);
  g_free (fixture->folder);
  g_free (fixture->membership);
  g_free (fixture->root);
}

static void
write_file (const char *path,
            const char *contents)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_file_set_contents (path, contents, -1, &error);
  g_assert_no_error (error);
}

static void
write_setting (Fixture    *fixture,
               const char *group,
               const char *name,
               const char *value)
{
  g_autofree char *path = g_build_filename (fixture->root, group, name, NULL);

  write_file (path, value);
}

static guint
count (Fixture *fixture,
       guint    n_cpus)
{
  return cf_cpu_count_with_quota (n_cpus, fixture->membership, fixture->root);
}

static void
test_no_groups (Fixture       *fixture,
                gconstpointer  data)
{
  g_assert_cmpuint (count (fixture, 7), ==, 7);
  g_assert_cmpuint (count (fixture, 0), ==, 1);
}

static void
test_no_limit (Fixture       *fixture,
               gconstpointer  data)
{
  write_file (fixture->membership, "0::/app\n");
  g_assert_cmpuint (count (fixture, 7), ==, 7);

  write_setting (fixture, "app", "cpu.max", "max 100000\n");
  g_assert_cmpuint (count (fixture, 7), ==, 7);
}

static void
test_limit (Fixture       *fixture,
            gconstpointer  data)
{
  const struct
  {
    const char *setting;
    guint       n_cpus;
  } cases[] =
    {
      { "200000 100000\n", 2 },
      { "250000 100000\n", 3 },
      { "100000 100000\n", 1 },
      { "50000 100000\n", 1 },
      { "25000 50000\n", 1 },
      { "6300000 100000\n", 7 },
      { "99999999999999 100000\n", 7 },
      { "nonsense 100000\n", 7 },
      { "100000\n", 7 },
      { "100000 0\n", 7 },
      { "", 7 },
    };

  write_file (fixture->membership, "0::/app\n");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      write_setting (fixture, "app", "cpu.max", cases[i].setting);
      g_assert_cmpuint (count (fixture, 7), ==, cases[i].n_cpus);
    }
}

static void
test_limit_of_parents (Fixture       *fixture,
                       gconstpointer  data)
{
  write_file (fixture->membership, "0::/slice/session/app\n");
  write_setting (fixture, "slice/session/app", "cpu.max", "600000 100000\n");
  write_setting (fixture, "slice/session", "cpu.max", "max 100000\n");
  g_assert_cmpuint (count (fixture, 7), ==, 6);

  write_setting (fixture, "slice", "cpu.max", "300000 100000\n");
  g_assert_cmpuint (count (fixture, 7), ==, 3);

  /* In a container the mount shows the container's own group as the root. */
  write_setting (fixture, "", "cpu.max", "200000 100000\n");
  g_assert_cmpuint (count (fixture, 7), ==, 2);
}

static void
test_version_1 (Fixture       *fixture,
                gconstpointer  data)
{
  write_file (fixture->membership,
              "5:memory:/app\n"
              "4:cpuset:/app\n"
              "3:cpu,cpuacct:/app\n"
              "0::/\n");
  g_assert_cmpuint (count (fixture, 7), ==, 7);

  write_setting (fixture, "cpu,cpuacct/app", "cpu.cfs_period_us", "100000\n");
  write_setting (fixture, "cpu,cpuacct/app", "cpu.cfs_quota_us", "-1\n");
  g_assert_cmpuint (count (fixture, 7), ==, 7);

  write_setting (fixture, "cpu,cpuacct/app", "cpu.cfs_quota_us", "350000\n");
  g_assert_cmpuint (count (fixture, 7), ==, 4);

  /* The other controllers' folders say nothing about CPUs. */
  write_setting (fixture, "memory/app", "cpu.max", "100000 100000\n");
  g_assert_cmpuint (count (fixture, 7), ==, 4);
}

static void
test_nonsense (Fixture       *fixture,
               gconstpointer  data)
{
  write_setting (fixture, "", "cpu.max", "100000 100000\n");

  write_file (fixture->membership, "no colons at all\n\n:\n");
  g_assert_cmpuint (count (fixture, 7), ==, 7);
}

static void
test_this_process (Fixture       *fixture,
                   gconstpointer  data)
{
  g_assert_cmpuint (cf_cpu_count (), >=, 1);
  g_assert_cmpuint (cf_cpu_count (), <=, g_get_num_processors ());
}

static void
add_test (const char  *path,
          void       (*run) (Fixture       *fixture,
                             gconstpointer  data))
{
  g_test_add (path, Fixture, NULL, fixture_set_up, run, fixture_tear_down);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/cpu-count/without-control-groups-is-that-of-the-affinity-mask", test_no_groups);
  add_test ("/cpu-count/without-a-limit-is-that-of-the-affinity-mask", test_no_limit);
  add_test ("/cpu-count/a-limit-is-rounded-up", test_limit);
  add_test ("/cpu-count/the-smallest-limit-of-the-groups-above-counts", test_limit_of_parents);
  add_test ("/cpu-count/version-1-of-control-groups", test_version_1);
  add_test ("/cpu-count/nonsense-is-ignored", test_nonsense);
  add_test ("/cpu-count/of-this-process-is-not-more-than-the-machine-has", test_this_process);

  return g_test_run ();
}
