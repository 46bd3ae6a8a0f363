/** What shells complete of a command line: made from the commands themselves, and HAProxy's flags. */

/** A command, as far as completing it asks. */
export interface Verb {
  readonly name: string;
  readonly summary: string;
  /** With their dashes. */
  readonly options: readonly string[];
  /** What its first argument can be; null: files. */
  readonly words: readonly string[] | null;
}

/** What there is to complete. */
export interface CommandLine {
  readonly verbs: readonly Verb[];
  /** HAProxy's flags, and what follows them; "": nothing. */
  readonly flags: readonly { readonly flag: string; readonly operand: string }[];
}

/** In single quotes, for any of the shells. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function bash({ verbs, flags }: CommandLine): string {
  const cases = verbs.map(({ name, options, words }) => {
    const all = [...options, ...words ?? []].join(" ");
    const files = words === null ? ' $(compgen -f -- "$word")' : "";
    return `    ${name}) COMPREPLY=($(compgen -W ${quoted(all)} -- "$word")${files}) ;;`;
  });
  const first = [...verbs.map(({ name }) => name), ...flags.map(({ flag }) => flag)].join(" ");
  return `# sluice: completions for bash
_sluice() {
  local word=\${COMP_WORDS[COMP_CWORD]} verb=\${COMP_WORDS[1]}
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W ${quoted(first)} -- "$word"))
    return
  fi
  case $verb in
${cases.join("\n")}
    -*)
      COMPREPLY=($(compgen -W ${quoted(flags.map(({ flag }) => flag).join(" "))} -- "$word")
        $(compgen -f -- "$word")) ;;
  esac
}
complete -o filenames -F _sluice sluice
`;
}

function zsh({ verbs, flags }: CommandLine): string {
  const listed = verbs.map(({ name, summary }) =>
    `    ${quoted(`${name}:${summary.replaceAll(":", " -")}`)}`
  );
  const cases = verbs.map(({ name, options, words }) => {
    const all = [...options, ...words ?? []].map(quoted).join(" ");
    return `    ${name}) compadd -- ${all}${words === null ? "; _files" : ""} ;;`;
  });
  return `#compdef sluice
# sluice: completions for zsh
_sluice() {
  local -a verbs flags
  verbs=(
${listed.join("\n")}
  )
  flags=(${flags.map(({ flag }) => quoted(flag)).join(" ")})
  if (( CURRENT == 2 )); then
    _describe command verbs
    compadd -- $flags
    return
  fi
  case $words[2] in
${cases.join("\n")}
    -*) compadd -- $flags; _files ;;
  esac
}
_sluice "$@"
`;
}

function fish({ verbs, flags }: CommandLine): string {
  const lines = verbs.flatMap(({ name, summary, options, words }) => [
    `complete -c sluice -n __fish_use_subcommand -f -a ${quoted(name)} -d ${quoted(summary)}`,
    ...options.map((option) =>
      `complete -c sluice -n '__fish_seen_subcommand_from ${name}' ` +
      (option.startsWith("--") ? `-l ${option.slice(2)}` : `-s ${option.slice(1)}`)
    ),
    ...words === null
      ? [`complete -c sluice -n '__fish_seen_subcommand_from ${name}' -F`]
      : words.map((word) =>
        `complete -c sluice -n '__fish_seen_subcommand_from ${name}' -f -a ${quoted(word)}`
      ),
  ]);
  const own = flags.map(({ flag, operand }) =>
    `complete -c sluice -n '__fish_is_first_arg' -o ${flag.slice(1)}${operand === "" ? "" : " -r"}`
  );
  return `# sluice: completions for fish\n${[...lines, ...own].join("\n")}\n`;
}

const shells = { bash, zsh, fish };
/** The shells that have completions. */
export const shellNames = Object.keys(shells) as (keyof typeof shells)[];

/** The script of a shell. */
export function completion(shell: keyof typeof shells, line: CommandLine): string {
  return shells[shell](line);
}
