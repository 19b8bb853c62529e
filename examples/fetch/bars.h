/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Progress as bars on a terminal. */

#pragma once

#include "batch.h"

G_BEGIN_DECLS

typedef struct _FetchBars FetchBars;

FetchBars *fetch_bars_new  (FetchBatch *batch);
void       fetch_bars_free (FetchBars  *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FetchBars, fetch_bars_free)

G_END_DECLS
