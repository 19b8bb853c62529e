/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Progress as plain lines, for pipes and files. */

#pragma once

#include "batch.h"

G_BEGIN_DECLS

void fetch_lines_observe (FetchEntry *entry,
                          FetchEvent  event,
                          gpointer    user_data);

G_END_DECLS
