/* SPDX-License-Identifier: Apache-2.0
 *
 * See s3_error.h. The texts reach callers: of what the store says, only a code goes on, and only if
 * it looks like one.
 */
#include "files/s3_error.h"

#include "files/s3_xml.h"

enum {
    CODE_SIZE = 64,
    HTTP_REDIRECT = 300,
    HTTP_REFUSED = 400,
    HTTP_FORBIDDEN = 403,
    HTTP_NOT_FOUND = 404,
    HTTP_TIMEOUT = 408,
    HTTP_CHANGED = 412,
    HTTP_TOO_MANY = 429,
    HTTP_FAULT = 500,
    HTTP_NOT_DONE = 501,
    HTTP_FULL = 507,
};

static const struct {
    const char *code;
    enum err_code means;
    bool is_passing;
    const char *text;
} meanings[] = {
    {"NoSuchBucket", ERR_STORE_DENIED, false,
     "the bucket of EXPORT_STORE_URL does not exist; make it, or name another"},
    {"InvalidAccessKeyId", ERR_STORE_DENIED, false,
     "the object store does not know the access key; check AWS_ACCESS_KEY_ID"},
    {"XAdminUserNotFound", ERR_STORE_DENIED, false, /* as VersityGW says it */
     "the object store does not know the access key; check AWS_ACCESS_KEY_ID"},
    {"SignatureDoesNotMatch", ERR_STORE_DENIED, false,
     "the object store refuses the signature; check AWS_SECRET_ACCESS_KEY and AWS_REGION"},
    {"ExpiredToken", ERR_STORE_DENIED, false,
     "the credentials of the object store have expired; set a fresh AWS_SESSION_TOKEN with its "
     "keys"},
    {"InvalidToken", ERR_STORE_DENIED, false,
     "the object store does not take AWS_SESSION_TOKEN; set one that belongs to the keys"},
    {"RequestTimeTooSkewed", ERR_STORE_DENIED, false,
     "the clock of this machine is too far from the object store's; set it"},
    {"PermanentRedirect", ERR_STORE_DENIED, false,
     "the bucket is in another region; set AWS_REGION to it"},
    {"TemporaryRedirect", ERR_STORE_UNAVAILABLE, true,
     "the bucket was made a moment ago and is not everywhere yet"},
    {"AuthorizationHeaderMalformed", ERR_STORE_DENIED, false,
     "the bucket is in another region, or the access key is none; check AWS_REGION and "
     "AWS_ACCESS_KEY_ID"},
    {"EntityTooLarge", ERR_STORE_DENIED, false,
     "the object store takes no file this large; narrow the job"},
    {"QuotaExceeded", ERR_STORE_UNAVAILABLE, false,
     "the quota of the object store is used up; raise it or lower EXPORT_RETENTION"},
    {"XMinioStorageFull", ERR_STORE_UNAVAILABLE, false,
     "the object store is full; free space in it or lower EXPORT_RETENTION"},
    {"NoSuchKey", ERR_NOT_FOUND, false, "the file is not in the file store any more"},
    {"NoSuchUpload", ERR_NOT_FOUND, false,
     "the upload is not in the file store any more; see whether a rule of the bucket removed it"},
    {"BadDigest", ERR_STORE_UNAVAILABLE, true, "bytes were changed on the way to the object store"},
    {"XAmzContentSHA256Mismatch", ERR_STORE_UNAVAILABLE, true,
     "bytes were changed on the way to the object store"},
    {"RequestTimeout", ERR_STORE_UNAVAILABLE, true, "the object store waited for bytes in vain"},
    {"OperationAborted", ERR_STORE_UNAVAILABLE, true, "another change of the bucket is under way"},
    {"ConditionalRequestConflict", ERR_EXISTS, false, "somebody else writes the same object"},
    {"SlowDown", ERR_STORE_UNAVAILABLE, true, "the object store asks to slow down"},
};

/* The texts of statuses that come without a code that is known. */
static bool tell_status(long status, const char *code, struct err *err)
{
    if (status == HTTP_FORBIDDEN)
        (void)err_set(err, ERR_STORE_DENIED,
                      "the object store does not allow it; give the access key the rights that "
                      "docs/operating.md lists on bucket and prefix");
    else if (status == HTTP_NOT_FOUND)
        (void)err_set(err, ERR_NOT_FOUND, "the file is not in the file store any more");
    else if (status == HTTP_CHANGED)
        (void)err_set(err, ERR_EXISTS, "the object is there already, or is another than before");
    else if (status == HTTP_FULL)
        (void)err_set(err, ERR_STORE_UNAVAILABLE,
                      "the object store is full; free space in it or lower EXPORT_RETENTION");
    else if (status == HTTP_NOT_DONE)
        (void)err_set(err, ERR_UNIMPLEMENTED, "the object store does not do that");
    else if (status >= HTTP_FAULT || status == HTTP_TOO_MANY || status == HTTP_TIMEOUT)
        (void)err_set(err, ERR_STORE_UNAVAILABLE, "the object store is in trouble (HTTP %ld%s%s)",
                      status, *code ? ", " : "", code);
    else if (status >= HTTP_REDIRECT && status < HTTP_REFUSED)
        (void)err_set(err, ERR_STORE_DENIED,
                      "the object store sends us elsewhere (HTTP %ld); check AWS_REGION and "
                      "EXPORT_S3_ENDPOINT",
                      status);
    else
        (void)err_set(err, ERR_STORE_DENIED, "the object store refuses a request (HTTP %ld%s%s)",
                      status, *code ? ", " : "", code);
    return (status >= HTTP_FAULT && status != HTTP_NOT_DONE && status != HTTP_FULL) ||
           status == HTTP_TOO_MANY || status == HTTP_TIMEOUT;
}

bool s3_error_tell(long status, struct str body, struct err *err)
{
    char code[CODE_SIZE] = "";
    if (!s3_xml_find(body, "Error", "Code", code, sizeof code))
        code[0] = '\0';
    for (size_t i = 0; i < COUNT_OF(meanings); i++)
        if (strcmp(code, meanings[i].code) == 0) {
            (void)err_set(err, meanings[i].means, "%s", meanings[i].text);
            return meanings[i].is_passing;
        }
    for (const char *c = code; *c; c++)
        if (!((*c >= 'A' && *c <= 'Z') || (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9')))
            code[0] = '\0';
    return tell_status(status, code, err);
}
