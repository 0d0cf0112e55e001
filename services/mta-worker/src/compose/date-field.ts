let lastSecond = 0;
let lastText = '';

/** RFC 5322 §3.3, in UTC. Kept for the second that it is good for: thousands of messages share it. */
export function dateText(now: number): string {
  const second = Math.floor(now / 1000);
  if (second !== lastSecond) {
    lastSecond = second;
    lastText = new Date(second * 1000).toUTCString().replace('GMT', '+0000');
  }
  return lastText;
}
