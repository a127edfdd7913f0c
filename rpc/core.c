/* SPDX-License-Identifier: Apache-2.0
 *
 * See core.h.
 */
#include "rpc/core.h"

#include "base/str.h"

#include <grpc/grpc.h>
#include <grpc/support/log.h>

static void log_last_words(gpr_log_func_args *args)
{
    if (str_starts_with(str_of(args->message), STR("assertion failed")))
        (void)fprintf(stderr, "gRPC core: %s:%d: %s\n", args->file, args->line, args->message);
}

void core_start(void)
{
    if (!getenv("GRPC_VERBOSITY")) // NOLINT(concurrency-mt-unsafe): nobody changes it
        gpr_set_log_function(log_last_words);
    grpc_init();
}

void core_stop(void)
{
    grpc_shutdown();
}
