/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

guint cf_cpu_count            (void);
guint cf_cpu_count_cached     (void);
void  cf_cpu_count_set_cached (guint       n_cpus);
guint cf_cpu_count_with_quota (guint       n_cpus,
                               const char *self_cgroup,
                               const char *cgroup_root);

G_END_DECLS
