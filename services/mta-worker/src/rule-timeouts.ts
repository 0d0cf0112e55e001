import type { MxRule } from '@mxflow/domain';
import type { Timeouts } from '@mxflow/smtp';

/** QUIT is a courtesy: nobody waits longer for its reply. */
const MAX_QUIT_MS = 5000;

/** The three figures of an MX rule, spread over the steps of a session (RFC 5321 §4.5.3.2). */
export function timeoutsOf(rule: MxRule): Timeouts {
  const commandMs = rule.timeoutSeconds * 1000;
  return {
    connectMs: rule.connectTimeoutSeconds * 1000,
    greetingMs: commandMs,
    ehloMs: commandMs,
    mailMs: commandMs,
    rcptMs: commandMs,
    dataMs: commandMs,
    contentMs: commandMs,
    finalMs: rule.dataTimeoutSeconds * 1000,
    quitMs: Math.min(commandMs, MAX_QUIT_MS),
  };
}
