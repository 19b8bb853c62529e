/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Bad arguments: a public function that is called with invalid arguments says so with a
 * critical warning, and does nothing else. */

#pragma once

#include <glib.h>

#define assert_critical(statement)                                         \
  G_STMT_START                                                             \
    {                                                                      \
      g_test_expect_message ("CFutures", G_LOG_LEVEL_CRITICAL, "*");       \
      statement;                                                           \
      g_test_assert_expected_messages ();                                  \
    }                                                                      \
  G_STMT_END
