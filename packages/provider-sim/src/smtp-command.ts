/** One line of the client's half of the dialogue (RFC 5321 §4.1.1). */
export type SmtpCommand =
  | { readonly verb: 'EHLO' | 'HELO'; readonly name: string }
  | { readonly verb: 'MAIL' | 'RCPT'; readonly path: string; readonly parameters: string }
  | { readonly verb: 'BDAT'; readonly octets: number; readonly last: boolean }
  | { readonly verb: 'DATA' | 'RSET' | 'NOOP' | 'QUIT' | 'STARTTLS' | 'VRFY' }
  | { readonly verb: 'malformed'; readonly line: string }
  | { readonly verb: 'unknown'; readonly line: string };

const PATH = /^(?:FROM|TO):[ \t]?<((?:"(?:\\.|[^"\\])*"|[^">])*)>(?:[ \t]+(.*))?$/i;

/** Parses a command line without its CRLF. */
export function parseCommand(line: string): SmtpCommand {
  const space = line.indexOf(' ');
  const verb = (space === -1 ? line : line.slice(0, space)).toUpperCase();
  const argument = space === -1 ? '' : line.slice(space + 1);
  switch (verb) {
    case 'MAIL':
    case 'RCPT':
      return parsePathCommand(verb, argument, line);
    case 'EHLO':
    case 'HELO':
      return argument.trim() === '' ? { verb: 'malformed', line } : { verb, name: argument.trim() };
    case 'BDAT':
      return parseChunkCommand(argument, line);
    case 'DATA':
    case 'RSET':
    case 'QUIT':
    case 'STARTTLS':
      return argument.trim() === '' ? { verb } : { verb: 'malformed', line };
    case 'NOOP':
    case 'VRFY':
      return { verb };
    default:
      return { verb: 'unknown', line };
  }
}

function parsePathCommand(verb: 'MAIL' | 'RCPT', argument: string, line: string): SmtpCommand {
  const keyword = verb === 'MAIL' ? 'FROM:' : 'TO:';
  const match = argument.slice(0, keyword.length).toUpperCase() === keyword ? PATH.exec(argument) : null;
  if (match === null || (verb === 'RCPT' && match[1] === '')) return { verb: 'malformed', line };
  return { verb, path: match[1] ?? '', parameters: match[2] ?? '' };
}

function parseChunkCommand(argument: string, line: string): SmtpCommand {
  const match = /^(\d{1,10})( LAST)?$/i.exec(argument.trim());
  if (match === null) return { verb: 'malformed', line };
  return { verb: 'BDAT', octets: Number(match[1]), last: match[2] !== undefined };
}

/** The figure of a SIZE parameter (RFC 1870 §3), where there is one. */
export function declaredSize(parameters: string): number | undefined {
  const match = /(?:^|\s)SIZE=(\d{1,20})(?:\s|$)/i.exec(parameters);
  return match === null ? undefined : Number(match[1]);
}
