/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The table at the end. */

#pragma once

#include "batch.h"

G_BEGIN_DECLS

void fetch_report_print (FetchBatch *batch);

G_END_DECLS
