/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "cf-types.h"

G_BEGIN_DECLS

CfFunc cf_function_name_resolve (const char  *name,
                                 GError     **error);

G_END_DECLS
