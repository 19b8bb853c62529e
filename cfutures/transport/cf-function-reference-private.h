/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "cf-types.h"

G_BEGIN_DECLS

const char *cf_function_reference_of      (CfFunc       func,
                                           gboolean    *in_program,
                                           GError     **error);
CfFunc      cf_function_reference_resolve (const char  *reference,
                                           GError     **error);

G_END_DECLS
