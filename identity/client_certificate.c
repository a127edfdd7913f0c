/* SPDX-License-Identifier: Apache-2.0
 *
 * See client_certificate.h.
 */
#include "identity/client_certificate.h"

#include "identity/name.h"

static size_t first_kind(const struct certificate_names *names)
{
    size_t kind = 0;
    while (kind < CERTIFICATE_KINDS && names->counts[kind] == 0)
        kind++;
    return kind;
}

bool client_certificate_is_there(const struct certificate_names *names)
{
    return first_kind(names) < CERTIFICATE_KINDS;
}

bool client_certificate_owner(const struct certificate_names *names, struct str *out,
                              struct err *err)
{
    static const char *const kinds[] = {"URI", "e-mail address", "DNS name"};
    size_t kind = first_kind(names);
    if (kind == CERTIFICATE_KINDS)
        return err_set(err, ERR_UNAUTHENTICATED,
                       "the client certificate has no subject alternative name that names its "
                       "owner: a URI, an e-mail address or a DNS name");
    if (names->counts[kind] > 1)
        return err_set(err, ERR_UNAUTHENTICATED,
                       "the client certificate has more than one %s; with one, its owner is clear",
                       kinds[kind]);
    if (!name_is_legal(names->names[kind][0]))
        return err_set(err, ERR_UNAUTHENTICATED,
                       "the client certificate's %s cannot name an owner: that takes 1 to %d bytes "
                       "of printable text",
                       kinds[kind], NAME_MAX_BYTES);
    *out = names->names[kind][0];
    return true;
}
