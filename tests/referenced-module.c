/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The module that test-function-reference opens. Builds of it differ in nothing but the number CF_TEST_ANSWER
 * and how they are linked. */

#include <cfutures.h>

#include <gmodule.h>

G_MODULE_EXPORT CfFunc referenced_module_function (void);

static GVariant *
answer (CfFuture  *future,
        GVariant  *args,
        GError   **error)
{
  return g_variant_new_int32 (CF_TEST_ANSWER);
}

/* The function itself is static: nobody finds it by name. */
CfFunc
referenced_module_function (void)
{
  return answer;
}
