# SPDX-License-Identifier: Apache-2.0
#
# Completion of exportq for bash. Installed beside bash-completion's own; by hand: source this file.

# The options that say whom to ask, for the calls made here. Bash cuts words at ":" and "=".
_exportq_given() {
    local i value
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        --server=?* | --user=?* | --token=?* | --tls-ca=?* | --tls-cert=?* | --tls-key=?* | --tls) given+=("${COMP_WORDS[i]}") ;;
        --server | --user | --token | --tls-ca | --tls-cert | --tls-key)
            given+=("${COMP_WORDS[i]}")
            [[ ${COMP_WORDS[i + 1]} == = ]] && ((i++))
            value=${COMP_WORDS[++i]}
            while [[ $value == *: || ${COMP_WORDS[i + 1]-} == :* ]] && ((i + 1 < COMP_CWORD)); do
                value+=${COMP_WORDS[++i]}
            done
            given+=("${value/#\~/$HOME}")
            ;;
        esac
    done
}

_exportq_ask() {
    timeout 1 exportq "${given[@]}" "$@" 2>/dev/null
}

_exportq_types() {
    _exportq_ask types --json | sed -n 's/^      "name": "\([^"]*\)",$/\1/p'
}

_exportq_ids() {
    _exportq_ask list --limit 50 | sed -n '2,$s/ .*//p'
}

_exportq_deliveries() {
    _exportq_ask deliveries --limit 50 | sed -n '2,$s/ .*//p'
}

# What is known of the type that stands after "create".
_exportq_type() {
    local i word
    for ((i = 1; i < COMP_CWORD; i++)); do
        [[ ${COMP_WORDS[i]} == create ]] && break
    done
    for ((i++; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        case $word in
        -w | --wait | -f | --force | --bom | --no-formula-guard | --json | *=*) ;;
        -*) ((i++)) ;;
        *) _exportq_ask types "$word" && return ;;
        esac
    done
}

_exportq_filters() {
    _exportq_type | sed -n 's/^  --filter \([^=]*\)=.*/\1=/p'
}

_exportq_columns() {
    _exportq_type | sed -n '/^columns/,/^filters/s/^  [* ] \([^ ][^ ]*\) .*/\1/p'
}

_exportq() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command= i
    local commands="create list get watch download cancel retry delete token types audit deliveries resend health help version"
    local globals="--server --user --token --tls --tls-ca --tls-cert --tls-key --json --help --version"
    for ((i = 1; i < COMP_CWORD; i++)); do
        [[ " $commands " == *" ${COMP_WORDS[i]} "* ]] && command=${COMP_WORDS[i]} && break
    done
    local -a given=()
    _exportq_given
    COMPREPLY=()
    case $before in
    =) return ;; # a filter's value: anything
    --format) mapfile -t COMPREPLY < <(compgen -W "csv json ndjson xlsx" -- "$word") && return ;;
    --compress) mapfile -t COMPREPLY < <(compgen -W "gzip zstd" -- "$word") && return ;;
    --newline) mapfile -t COMPREPLY < <(compgen -W "lf crlf" -- "$word") && return ;;
    --exact-numbers) mapfile -t COMPREPLY < <(compgen -W "number string" -- "$word") && return ;;
    --header) mapfile -t COMPREPLY < <(compgen -W "names titles" -- "$word") && return ;;
    --dialect) mapfile -t COMPREPLY < <(compgen -W "excel" -- "$word") && return ;;
    -s | --state)
        local states="queued running completed failed cancelled expired"
        [[ $command == deliveries ]] && states="pending delivered given_up"
        mapfile -t COMPREPLY < <(compgen -W "$states" -- "$word")
        return
        ;;
    --action)
        local earlier=
        [[ $word == *,* ]] && earlier=${word%,*},
        mapfile -t COMPREPLY < <(compgen -P "$earlier" \
            -W "create cancel retry delete token download resume resend" -- "${word##*,}")
        return
        ;;
    -j | --job) mapfile -t COMPREPLY < <(compgen -W "$(_exportq_ids)" -- "$word") && return ;;
    -t | --type) mapfile -t COMPREPLY < <(compgen -W "$(_exportq_types)" -- "$word") && return ;;
    --filter)
        mapfile -t COMPREPLY < <(compgen -W "$(_exportq_filters)" -- "$word")
        compopt -o nospace 2>/dev/null # a value is to follow
        return
        ;;
    --columns)
        local done=
        [[ $word == *,* ]] && done=${word%,*},
        mapfile -t COMPREPLY < <(compgen -P "$done" -W "$(_exportq_columns)" -- "${word##*,}")
        return
        ;;
    --limit | --locale | --time-zone | --delimiter | --null | --places | --request-id | --webhook-url | \
        --server | --user | --token | --download-token | -a | --actor | --owner | --since | --until) return ;; # anything
    -o | --output | --tls-ca | --tls-cert | --tls-key) mapfile -t COMPREPLY < <(compgen -f -- "$word") && return ;;
    esac
    local words=$globals
    case $command in
    '') words="$commands $globals" ;;
    create)
        words+=" --format --filter --columns --limit --locale --time-zone --compress --delimiter
            --newline --bom --no-formula-guard --exact-numbers --dialect --header --null --places
            --request-id --webhook-url --wait --output --force"
        [[ $word == -* ]] || words=$(_exportq_types)
        ;;
    help) words=$commands ;;
    types) [[ $word == -* ]] || words=$(_exportq_types) ;;
    list) words+=" --state --type --limit --all-owners --request-id" ;;
    deliveries) if [[ $word == -* ]]; then words+=" --state --limit --all-owners"; else words=$(_exportq_ids); fi ;;
    resend) [[ $word == -* ]] || words=$(_exportq_deliveries) ;;
    audit) words+=" --actor --owner --job --action --since --until --limit" ;;
    download)
        words+=" --output --force --download-token"
        [[ $word == -* ]] || words=$(_exportq_ids)
        ;;
    watch) if [[ $word == -* ]]; then words+=" --all-owners"; else words=$(_exportq_ids); fi ;;
    get | cancel | retry | delete | token) [[ $word == -* ]] || words=$(_exportq_ids) ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -F _exportq exportq
