import fc from 'fast-check';
import { expect, test } from 'vitest';

import {
  openAccount,
  putTokenBack,
  receiveTokens,
  returnTokens,
  settleToken,
  takeToken,
  tokensWanted,
  voidTokens,
  type ScopeAccount,
} from './scope-account.ts';

type Step = 'receive' | 'take' | 'settle' | 'put-back' | 'return' | 'void';

function run(account: ScopeAccount, step: Step): void {
  switch (step) {
    case 'receive':
      return receiveTokens(account, { tokens: 3, drawn: account.drawn + 3 });
    case 'take':
      return void takeToken(account, 0);
    case 'settle':
      return account.underWay > 0 ? settleToken(account) : undefined;
    case 'put-back':
      return account.underWay > 0 ? putTokenBack(account) : undefined;
    case 'return':
      return returnTokens(account);
    case 'void':
      return voidTokens(account);
  }
}

test('every token drawn is in one place, whatever happens in whatever order', () => {
  const steps = fc.array(fc.constantFrom<Step>('receive', 'take', 'settle', 'put-back', 'return', 'void'));
  fc.assert(
    fc.property(steps, (sequence) => {
      const account = openAccount('path:192.0.2.1/1', 0);
      let settled = 0;
      let returned = 0;
      for (const step of sequence) {
        run(account, step);
        expect(account.inHand + account.underWay + account.settled + account.returned).toBe(account.drawn);
        // Totals only grow: that is what makes telling them twice harmless.
        expect(account.settled).toBeGreaterThanOrEqual(settled);
        expect(account.returned).toBeGreaterThanOrEqual(returned);
        ({ settled, returned } = account);
      }
    }),
  );
});

test('no token, no MAIL', () => {
  expect(takeToken(openAccount('s', 0), 0)).toBe(false);
});

test('a draw is for those that wait and for as many as were used since the last one', () => {
  const account = openAccount('s', 0);
  account.waiting.add(() => {});
  expect(tokensWanted(account)).toBe(1);
  account.usedSinceDraw = 40;
  expect(tokensWanted(account)).toBe(41);
});
