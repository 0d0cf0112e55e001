import type { SettingsSchema } from './settings.ts';

/** The settings of a process as a Markdown table, for the documentation. */
export function describeSettings(schema: SettingsSchema): string {
  const rows = Object.entries(schema).map(([name, { expected, defaultText, isSecret, describe }]) => [
    `\`${name}\``,
    expected,
    describeDefault(defaultText),
    isSecret ? `${describe} (secret)` : describe,
  ]);
  const header = ['Variable', 'Value', 'Default', 'Meaning'];
  return [header, header.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.map(escapeCell).join(' | ')} |\n`)
    .join('');
}

function describeDefault(text: string | undefined): string {
  if (text === undefined) return 'required';
  return text === '' ? 'none' : `\`${text}\``;
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|');
}
