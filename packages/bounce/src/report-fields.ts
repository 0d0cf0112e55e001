/** The fields of one group of a report (RFC 3464 §2, RFC 5965 §3): lower-case names, unfolded values, the first of a name. */
export type FieldGroup = ReadonlyMap<string, string>;

/** Groups read of one report: as many recipients as a message may have, and more. */
const MAX_GROUPS = 20_000;

/** Characters kept of a value: what a server says stands in front. */
const MAX_VALUE = 4096;

const STARTS_RECIPIENT = new Set(['final-recipient', 'original-recipient']);

/**
 * Reads a report's groups. Servers forget the empty line between recipients: a second Final-Recipient in a group begins
 * another.
 */
export function readFieldGroups(text: string): readonly FieldGroup[] {
  const groups: Map<string, string>[] = [];
  let group = new Map<string, string>();
  let name = '';
  const close = () => {
    if (group.size > 0 && groups.length < MAX_GROUPS) groups.push(group);
    group = new Map();
    name = '';
  };
  for (const line of text.split(/\r?\n/)) {
    if (line.trim() === '') {
      close();
      continue;
    }
    if (/^[ \t]/.test(line)) {
      const value = group.get(name);
      if (value !== undefined && value.length < MAX_VALUE) group.set(name, `${value} ${line.trim()}`);
      continue;
    }
    const colon = line.indexOf(':');
    if (colon < 1 || colon > 60) continue;
    name = line.slice(0, colon).trim().toLowerCase();
    if (STARTS_RECIPIENT.has(name) && group.has(name)) {
      close();
      name = line.slice(0, colon).trim().toLowerCase();
    }
    if (!group.has(name)) group.set(name, line.slice(colon + 1, colon + 1 + MAX_VALUE).trim());
  }
  close();
  return groups;
}

const ABOUT_RECIPIENT = ['final-recipient', 'original-recipient', 'action', 'status', 'diagnostic-code'];

/**
 * The groups of a report that are about a recipient. Some servers put empty lines inside such a group: fields without a
 * recipient belong to the group before.
 */
export function readRecipientGroups(text: string): readonly FieldGroup[] {
  const joined: Map<string, string>[] = [];
  for (const group of readFieldGroups(text)) {
    if (!ABOUT_RECIPIENT.some((name) => group.has(name))) continue;
    const last = joined.at(-1);
    const nameless = !group.has('final-recipient') && !group.has('original-recipient');
    const torn = last !== undefined && (nameless || (!last.has('action') && !last.has('status')));
    if (!torn) joined.push(new Map(group));
    else for (const [name, value] of group) if (!last.has(name)) last.set(name, value);
  }
  return joined;
}
