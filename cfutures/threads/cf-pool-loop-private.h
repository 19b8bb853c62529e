/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "threads/cf-thread-pool-private.h"

G_BEGIN_DECLS

gpointer cf_pool_loop (gpointer thread);

G_END_DECLS
