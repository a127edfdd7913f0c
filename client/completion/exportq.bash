# SPDX-License-Identifier: Apache-2.0
#
# Completion of exportq for bash. Installed beside bash-completion's own; by hand: source this file.

_exportq_types() {
    timeout 1 exportq types --json 2>/dev/null |
        sed -n 's/^      "name": "\([A-Za-z0-9_]*\)",$/\1/p'
}

_exportq_ids() {
    timeout 1 exportq list --limit 50 2>/dev/null | sed -n '2,$s/ .*//p'
}

_exportq() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command= i
    local commands="create list get watch download cancel retry delete token types health"
    local globals="--server --user --token --tls-ca --json --help --version"
    for ((i = 1; i < COMP_CWORD; i++)); do
        [[ " $commands " == *" ${COMP_WORDS[i]} "* ]] && command=${COMP_WORDS[i]} && break
    done
    COMPREPLY=()
    case $before in
    --format) mapfile -t COMPREPLY < <(compgen -W "csv json ndjson" -- "$word") && return ;;
    --compress) mapfile -t COMPREPLY < <(compgen -W "gzip zstd" -- "$word") && return ;;
    --newline) mapfile -t COMPREPLY < <(compgen -W "lf crlf" -- "$word") && return ;;
    --exact-numbers) mapfile -t COMPREPLY < <(compgen -W "number string" -- "$word") && return ;;
    --dialect) mapfile -t COMPREPLY < <(compgen -W "excel" -- "$word") && return ;;
    --state)
        mapfile -t COMPREPLY < <(compgen -W "queued running completed failed cancelled expired" -- "$word")
        return
        ;;
    --type) mapfile -t COMPREPLY < <(compgen -W "$(_exportq_types)" -- "$word") && return ;;
    -o | --output | --tls-ca) mapfile -t COMPREPLY < <(compgen -f -- "$word") && return ;;
    esac
    local words=$globals
    case $command in
    '') words="$commands $globals" ;;
    create)
        words+=" --format --filter --columns --limit --locale --time-zone --compress --delimiter
            --newline --bom --no-formula-guard --exact-numbers --dialect --request-id --webhook-url
            --wait --output --force"
        [[ $word == -* ]] || words=$(_exportq_types)
        ;;
    types) [[ $word == -* ]] || words=$(_exportq_types) ;;
    list) words+=" --state --type --limit --all-owners --request-id" ;;
    download)
        words+=" --output --force --download-token"
        [[ $word == -* ]] || words=$(_exportq_ids)
        ;;
    get | watch | cancel | retry | delete | token) [[ $word == -* ]] || words=$(_exportq_ids) ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -F _exportq exportq
