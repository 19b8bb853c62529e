/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "cf-error.h"

G_BEGIN_DECLS

GError *cf_error_new_shut_down (void);

G_END_DECLS
