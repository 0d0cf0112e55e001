import type { MxResolution } from '@mxflow/domain';

/** Asks DNS where a domain's mail goes. A failure is a value. */
export type ResolveMx = (domain: string) => Promise<MxResolution>;

/** The same, with at most so many questions open; whoever asks for a domain that is being asked for gets that answer. */
export function resolveOnce(resolveMx: ResolveMx, concurrency: number): ResolveMx {
  const underWay = new Map<string, Promise<MxResolution>>();
  const waiting: (() => void)[] = [];
  let open = 0;
  const ask: ResolveMx = async (domain) => {
    if (open < concurrency) open += 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await resolveMx(domain);
    } finally {
      underWay.delete(domain);
      const next = waiting.shift();
      if (next === undefined) open -= 1;
      // The place is handed on, so that nobody else can take it meanwhile.
      else next();
    }
  };
  return (domain) => {
    const answer = underWay.get(domain) ?? ask(domain);
    underWay.set(domain, answer);
    return answer;
  };
}
