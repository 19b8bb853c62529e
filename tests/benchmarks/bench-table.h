/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A table of measurements, with the peers and the aims beside them, and the program that prints it. */

#pragma once

#include "bench.h"

G_BEGIN_DECLS

#define BENCH_MAX_AIMS 2

/* At most @factor times what the measurement called @peer takes, or at most @factor itself if there is no peer. If it
 * is for all CPUs together, @factor is divided by their number. */
typedef struct
{
  const char *peer;
  double      factor;
  gboolean    is_shared_by_cpus;
} BenchAim;

typedef struct
{
  const char *name;
  const char *title;
  BenchFunc   measure;
  guint       n;
  guint       n_quick;
  BenchAim    aims[BENCH_MAX_AIMS];
  gboolean    is_weight;              /* measured in a process of its own */
} BenchMeasurement;

typedef struct
{
  const char             *title;
  const char             *unit;
  const BenchMeasurement *measurements;
  guint                   n_measurements;
} BenchGroup;

typedef struct
{
  const char       *summary;          /* what the program does, after its name */
  const char       *workers;          /* (nullable): what pools have */
  const char       *note;             /* (nullable): what is to be known of this build */
  const BenchGroup *groups;
  guint             n_groups;
} BenchTable;

int bench_table_main (const BenchTable  *table,
                      int                argc,
                      char             **argv);

G_END_DECLS
