import type { Attachment } from '@mxflow/domain';

/** RFC 2045 §5.1: type, subtype, and parameters as tokens or quoted strings. */
const CONTENT_TYPE =
  /^[a-z0-9!#$&^_.+-]{1,127}\/[a-z0-9!#$&^_.+-]{1,127}(?: *; *[a-z0-9_-]{1,60}=(?:[a-z0-9!#$&^_.+-]{1,120}|"[a-z0-9 !#$%&'()*+,./:;<=>?@[\]^_`{|}~-]{0,120}")){0,5}$/i;
/** RFC 2045 §6.4: neither may be encoded, so neither can pass as a 7-bit attachment. */
const COMPOSITE = /^(?:multipart|message)\//i;
/** An id-left, or a whole msg-id without brackets (RFC 2392, RFC 5322 §3.6.4). */
const CONTENT_ID = /^[a-z0-9!#$&'*+/=?^_`{|}~.-]{1,120}(?:@[a-z0-9.-]{1,120})?$/i;
// eslint-disable-next-line no-control-regex -- control characters are what must not be there
const BAD_FILENAME = /[\u0000-\u001f\u007f/\\]/;
const MAX_FILENAME = 200;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

export type AttachmentFault = { readonly because: string; readonly member: keyof Attachment };

/** Says what is wrong with an attachment; `undefined` where nothing is. */
export function refuseAttachment({
  filename,
  contentType,
  content,
  contentId,
}: Attachment): AttachmentFault | undefined {
  if (filename === '' || filename.length > MAX_FILENAME || BAD_FILENAME.test(filename)) {
    return {
      member: 'filename',
      because: 'a file name without path or control characters, of at most 200 characters, was expected',
    };
  }
  if (!CONTENT_TYPE.test(contentType))
    return { member: 'contentType', because: 'a media type such as image/png was expected' };
  if (COMPOSITE.test(contentType))
    return { member: 'contentType', because: 'multipart and message types cannot be attached' };
  if (contentId !== undefined && !CONTENT_ID.test(contentId)) {
    return { member: 'contentId', because: 'a Content-ID without angle brackets was expected' };
  }
  if (content.length % 4 !== 0 || !BASE64.test(content)) {
    return { member: 'content', because: 'padded base64 without line breaks was expected' };
  }
  return undefined;
}
