import { Buffer } from 'node:buffer';

import type { Attachment } from '@mxflow/domain';
import { wrapBase64 } from './base64-lines.ts';
import { fixed, type Part } from './skeleton.ts';

const ASCII_NAME = /^[A-Za-z0-9 !#$&+.=@^_`{}~()[\],;'-]{1,50}$/;
/** What RFC 2231 §7 lets stand for itself in an extended value. */
const ATTRIBUTE_CHARACTER = /^[A-Za-z0-9!#$&+.^_`{}~-]$/;
/** Characters of one section of a long parameter: a line holds one. */
const SECTION = 55;

/** An attachment, encoded. It has no CRLF at the end of its own. */
export function attachmentPart({ filename, contentType, content, contentId }: Attachment): Part {
  const disposition = contentId === undefined ? 'attachment' : 'inline';
  return {
    fields: [
      `Content-Type: ${contentType.split(/ *; */).join(';\r\n ')}`,
      'Content-Transfer-Encoding: base64',
      `Content-Disposition: ${disposition};\r\n ${filenameParameters(filename).join(';\r\n ')}`,
      ...(contentId === undefined ? [] : [`Content-ID: <${contentId}>`]),
    ],
    body: [fixed(wrapBase64(content))],
  };
}

/** The file's name as it stands, or in sections of percent-encoded UTF-8 (RFC 2231 §3, §4.1). */
function filenameParameters(filename: string): readonly string[] {
  if (ASCII_NAME.test(filename)) return [`filename="${filename}"`];
  const sections = sectionsOf(filename);
  if (sections.length === 1) return [`filename*=UTF-8''${sections[0] ?? ''}`];
  return sections.map((section, at) => `filename*${at}*=${at === 0 ? "UTF-8''" : ''}${section}`);
}

function sectionsOf(filename: string): readonly string[] {
  const sections: string[] = [];
  let section = '';
  for (const character of filename) {
    const encoded = percentEncode(character);
    if (section.length + encoded.length > SECTION) {
      sections.push(section);
      section = '';
    }
    section += encoded;
  }
  return [...sections, section];
}

function percentEncode(character: string): string {
  if (ATTRIBUTE_CHARACTER.test(character)) return character;
  let encoded = '';
  for (const octet of Buffer.from(character, 'utf8'))
    encoded += `%${octet.toString(16).toUpperCase().padStart(2, '0')}`;
  return encoded;
}
