/* SPDX-License-Identifier: Apache-2.0
 *
 * See security.h.
 */
#include "server/security.h"

#include "base/host.h"
#include "base/log.h"
#include "engine/paths.h"
#include "server/auth_door.h"
#include "server/http_guard.h"

/* ---- Who calls ---- */

static void tell_identity(const char *path, const struct err *failure)
{
    if (failure)
        log_event(LOG_ERROR, "identity.reload_failed", "reason=%s", failure->text);
    else
        log_event(LOG_INFO, "identity.reloaded", "file=%s", path);
}

static bool open_identity(const struct settings *settings, struct security *security,
                          struct err *err)
{
    const struct identity_options options = {
        .methods = settings->auth,
        .jwt_keys = settings->jwt_keys,
        .jwt = {.issuer = settings->jwt_issuer,
                .audience = settings->jwt_audience,
                .owner_claim = settings->jwt_owner_claim,
                .role_claim = settings->jwt_role_claim,
                .admin_role = settings->jwt_admin_role,
                .skew_ms = settings->jwt_clock_skew_ms,
                .clock = &clock_system},
        .api_keys = settings->api_keys,
        .mtls_admins = settings->mtls_admins,
        .told = tell_identity,
    };
    return identity_new(&options, &security->identity, err);
}

/* Whoever sets one of these means to say who may call, and would be wrong. */
static bool check_methods(const struct settings *settings, const struct security *security,
                          struct err *err)
{
    static const struct {
        struct str settings; /* whose names begin so */
        const char *method;  /* that they are for */
    } uses[] = {
        {{"EXPORT_JWT_", 11}, "jwt"},
        {{"EXPORT_API_KEYS", 15}, "key"},
        {{"EXPORT_MTLS_", 12}, "mtls"},
        {{"EXPORT_TLS_CLIENT_CA", 20}, "mtls"},
    };
    const char *comma = identity_is_open(security->identity) ? "" : ",";
    struct str others = *comma ? settings->auth : STR("");
    for (size_t i = 0; i < COUNT_OF(uses); i++) {
        const char *name = settings_find_changed(settings, uses[i].settings);
        if (name && !identity_takes(security->identity, str_of(uses[i].method)))
            return err_set_field(err, name,
                                 "%s is set and has no effect, for EXPORT_AUTH is \"%.*s\"; set "
                                 "EXPORT_AUTH=%.*s%s%s, or leave %s out",
                                 name, STR_ARG(settings->auth), STR_ARG(others), comma,
                                 uses[i].method, name);
    }
    return true;
}

/* ---- The wire ---- */

static const char *path_or_null(struct str path)
{
    return str_is_empty(path) ? NULL : path.ptr;
}

/* TLS or plain text. `client_ca` empty: no door asks clients for a certificate. */
static bool open_certificate(const struct settings *settings, struct str client_ca,
                             struct security *security, struct err *err)
{
    const struct certificate_files files = {
        .certificate = path_or_null(settings->tls_certificate),
        .key = path_or_null(settings->tls_key),
        .client_ca = path_or_null(client_ca),
    };
    if (!files.certificate && !files.key && !files.client_ca)
        return true;
    if (!files.certificate || !files.key)
        return err_set_field(err, files.key ? "EXPORT_TLS_CERTIFICATE" : "EXPORT_TLS_KEY",
                             "TLS needs both EXPORT_TLS_CERTIFICATE and EXPORT_TLS_KEY");
    return certificate_open(&files, &security->certificate, err);
}

bool security_check_listen(const struct settings *settings, const struct security *security,
                           struct err *err)
{
    const struct identity *identity = security->identity; /* NULL: not open */
    const struct auth_door door = {
        .setting = "EXPORT_LISTEN",
        .example_port = "50051",
        .address = settings->listen,
        .is_open = identity && identity_is_open(identity),
        .is_for_mtls = true,
        .has_mtls = identity && identity_has_mtls(identity),
        .has_tls = !str_is_empty(settings->tls_certificate),
        .has_client_ca = !str_is_empty(settings->tls_client_ca),
        .allows_plaintext = settings->allows_plaintext,
    };
    return auth_check_door(&door, err);
}

static bool check_origins(struct str origins, struct err *err)
{
    struct str each;
    while (!str_is_empty(origins) && str_next(&origins, ',', &each))
        if (!http_guard_is_origin(str_trim(each)))
            return err_set_field(err, "EXPORT_HTTP_CORS_ORIGINS",
                                 "EXPORT_HTTP_CORS_ORIGINS has \"%.*s\"; each has to be a whole "
                                 "origin, as https://example.org: no path, and no *",
                                 STR_ARG(str_trim(each)));
    return true;
}

/* Who asks over HTTP has no certificate of its own as a rule. */
static bool check_http_address(const struct settings *settings, const struct security *security,
                               const struct auth_door *which, struct err *err)
{
    const struct identity *identity = security->identity;
    struct auth_door door = *which;
    if (identity && identity_has_mtls_alone(identity))
        return err_set_field(err, door.setting,
                             "%s is \"%.*s\", but with EXPORT_AUTH=mtls alone "
                             "nobody can show who they are there; add jwt or key, or set it to off",
                             door.setting, STR_ARG(door.address));
    door.is_open = identity && identity_is_open(identity);
    door.has_tls = !str_is_empty(settings->tls_certificate);
    door.allows_plaintext = settings->allows_plaintext;
    return auth_check_door(&door, err);
}

/* So where that alone counts there is no door for browsers. */
bool security_check_http_listen(struct settings *settings, const struct security *security,
                                struct err *err)
{
    const struct identity *identity = security->identity;
    bool has_mtls_alone = identity && identity_has_mtls_alone(identity);
    if (str_is_empty(settings->http_listen))
        settings->http_listen = has_mtls_alone ? STR("off") : STR("127.0.0.1:8080");
    if (str_equal(settings->http_listen, STR("off")))
        return true;
    if (str_equal(settings->http_listen, settings->listen) &&
        !str_equal(host_port_of(settings->listen), STR("0")))
        return err_set_field(err, "EXPORT_HTTP_LISTEN",
                             "EXPORT_HTTP_LISTEN and EXPORT_LISTEN are both \"%.*s\"; give the "
                             "browser's door an address of its own",
                             STR_ARG(settings->listen));
    const struct auth_door door = {
        .setting = "EXPORT_HTTP_LISTEN",
        .example_port = "8080",
        .address = settings->http_listen,
    };
    return check_http_address(settings, security, &door, err) &&
           check_origins(settings->http_cors_origins, err);
}

/* ---- Download tokens ---- */

static void tell_keys(const char *path, const struct err *failure)
{
    if (failure)
        log_event(LOG_ERROR, "keys.reload_failed", "reason=%s", failure->text);
    else
        log_event(LOG_INFO, "keys.reloaded", "file=%s", path);
}

/* Servers that share a queue must verify each other's tokens. */
static bool check_secret(const struct settings *settings, struct err *err)
{
    if (!settings->has_queue || !settings->is_persistent ||
        !str_is_empty(settings->download_secret))
        return true;
    return err_set_field(err, "EXPORT_DOWNLOAD_SECRET",
                         "with ENABLE_PERSIST_EXPORT=1 download tokens outlive this process, so "
                         "EXPORT_DOWNLOAD_SECRET is required; make one with: echo "
                         "k1:$(openssl rand -base64 32)");
}

static bool open_keys(struct settings *settings, struct security *security, struct err *err)
{
    struct str file = settings->download_secret_file;
    if (!check_secret(settings, err))
        return false;
    return str_is_empty(file) ? keyring_new(settings->download_secret, &security->keys, err)
                              : keyring_open(file.ptr, tell_keys, &security->keys, err);
}

static bool open_who_calls(struct settings *settings, struct str client_ca, struct arena *arena,
                           struct security *out, struct err *err)
{
    if (identity_needs_api_keys(settings->auth) && !paths_set_api_keys(settings, arena, err))
        return false;
    return open_identity(settings, out, err) && open_certificate(settings, client_ca, out, err);
}

bool security_open(struct settings *settings, struct arena *arena, struct security *out,
                   struct err *err)
{
    return open_who_calls(settings, settings->tls_client_ca, arena, out, err) &&
           check_methods(settings, out, err) && open_keys(settings, out, err);
}

bool security_open_worker(struct settings *settings, struct arena *arena, struct security *out,
                          struct err *err)
{
    const struct auth_door door = {
        .setting = "EXPORT_WORKER_LISTEN",
        .example_port = "9464",
        .address = settings->worker_listen,
    };
    return str_equal(settings->worker_listen, STR("off")) ||
           (open_who_calls(settings, (struct str){0}, arena, out, err) &&
            check_http_address(settings, out, &door, err));
}

void security_close(struct security *security)
{
    identity_free(security->identity);
    certificate_close(security->certificate);
    keyring_free(security->keys);
    *security = (struct security){.keys = NULL};
}
