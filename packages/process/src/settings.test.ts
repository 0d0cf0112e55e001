import { describe, expect, expectTypeOf, test } from 'vitest';

import { setting, type Setting } from './setting-kinds.ts';
import { describeSettings } from './settings-table.ts';
import { readSettings, requireSettings, SettingsError, type SettingsOf } from './settings.ts';

const SCHEMA = {
  MXFLOW_NAME: setting.string({ describe: 'Its name' }),
  MXFLOW_WINDOW: setting.integer({ min: 1, max: 64, default: 4, unit: 'messages', describe: 'Messages in flight' }),
  MXFLOW_WAIT: setting.duration({ min: '1s', max: '1h', default: '90s', describe: 'Wait' }),
  MXFLOW_POOLS: setting.list({ default: ['a', 'b'], item: /^[a-z]+$/, expectedItem: 'pool names', describe: 'Pools' }),
  MXFLOW_TLS: setting.choice(['disabled', 'required'], { default: 'required', describe: 'TLS' }),
  MXFLOW_KEY: setting.string({ default: null, secret: true, pattern: /^k-/, expected: 'a key', describe: 'Key' }),
  AMQP_URL: setting.url({ protocols: ['amqp', 'amqps'], secret: true, describe: 'Broker' }),
} as const;

const COMPLETE = { MXFLOW_NAME: 'n', AMQP_URL: 'amqp://u:p@127.0.0.1:5672/v' };

test('values have the types that their settings say', () => {
  expectTypeOf<SettingsOf<typeof SCHEMA>>().toEqualTypeOf<{
    readonly MXFLOW_NAME: string;
    readonly MXFLOW_WINDOW: number;
    readonly MXFLOW_WAIT: number;
    readonly MXFLOW_POOLS: readonly string[];
    readonly MXFLOW_TLS: 'disabled' | 'required';
    readonly MXFLOW_KEY: string | undefined;
    readonly AMQP_URL: string;
  }>();
});

test('what is missing or empty takes its default', () => {
  expect(readSettings(SCHEMA, { ...COMPLETE, MXFLOW_TLS: '' })).toEqual({
    kind: 'settings',
    values: {
      ...COMPLETE,
      MXFLOW_WINDOW: 4,
      MXFLOW_WAIT: 90_000,
      MXFLOW_POOLS: ['a', 'b'],
      MXFLOW_TLS: 'required',
      MXFLOW_KEY: undefined,
    },
    unknown: [],
  });
});

test('all faults come together, and none repeats a secret', () => {
  const environment = { MXFLOW_WINDOW: '65', MXFLOW_WAIT: '20', MXFLOW_KEY: 'hush', AMQP_URL: 'http://hush' };
  const secret = 'something else (not shown: it is a secret)';
  expect(readSettings(SCHEMA, environment)).toEqual({
    kind: 'faults',
    faults: [
      { name: 'MXFLOW_NAME', expected: 'text', found: 'nothing' },
      { name: 'MXFLOW_WINDOW', expected: 'a whole number from 1 to 64, in messages', found: '"65"' },
      { name: 'MXFLOW_WAIT', expected: 'a duration such as 250ms, 20s, 10m, 1h or 5d, from 1s to 1h', found: '"20"' },
      { name: 'MXFLOW_KEY', expected: 'a key', found: secret },
      { name: 'AMQP_URL', expected: 'a URL that starts with amqp:// or amqps://', found: secret },
    ],
  });
  expect(() => requireSettings(SCHEMA, environment)).toThrow(SettingsError);
  expect(() => requireSettings(SCHEMA, environment)).toThrow(
    /MXFLOW_NAME: expected text, found nothing\n {2}MXFLOW_WINDOW:/,
  );
});

describe('files', () => {
  const files: Readonly<Record<string, string>> = { '/run/secrets/key': 'k-1\n' };
  const readText = (path: string): string => {
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error('no'), { code: 'ENOENT' });
    return text;
  };

  test('NAME_FILE names the file that holds the value', () => {
    const reading = readSettings(SCHEMA, { ...COMPLETE, MXFLOW_KEY_FILE: '/run/secrets/key' }, readText);
    expect(reading).toMatchObject({ values: { MXFLOW_KEY: 'k-1' }, unknown: [] });
  });

  test('a file that cannot be read is a fault', () => {
    const reading = readSettings(SCHEMA, { ...COMPLETE, MXFLOW_KEY_FILE: '/nowhere' }, readText);
    expect(reading).toEqual({
      kind: 'faults',
      faults: [{ name: 'MXFLOW_KEY', expected: 'a readable file in MXFLOW_KEY_FILE', found: '/nowhere (ENOENT)' }],
    });
  });

  test('the variable and its file together are a fault', () => {
    const reading = readSettings(
      SCHEMA,
      { ...COMPLETE, MXFLOW_KEY: 'k-2', MXFLOW_KEY_FILE: '/run/secrets/key' },
      readText,
    );
    expect(reading).toMatchObject({ faults: [{ expected: 'either MXFLOW_KEY or MXFLOW_KEY_FILE', found: 'both' }] });
  });
});

test('a variable of ours that nobody knows is reported with the likely meaning', () => {
  const environment = { ...COMPLETE, MXFLOW_WINDWO: '9', MXFLOW_ELSEWHERE: '1', PATH: '/bin' };
  expect(readSettings(SCHEMA, environment)).toMatchObject({
    unknown: [
      { name: 'MXFLOW_ELSEWHERE', didYouMean: undefined },
      { name: 'MXFLOW_WINDWO', didYouMean: 'MXFLOW_WINDOW' },
    ],
  });
});

type Row = readonly [setting: Setting<unknown>, text: string, value: unknown];
const ANY = { describe: '' };
const FAULT = Symbol('fault');

const ROWS: readonly Row[] = [
  [setting.integer(ANY), '0', 0],
  [setting.integer(ANY), '-1', FAULT],
  [setting.integer({ ...ANY, min: -5 }), '-5', -5],
  [setting.integer(ANY), '1e3', FAULT],
  [setting.integer(ANY), ' 1', FAULT],
  [setting.integer(ANY), '9007199254740993', FAULT],
  [setting.number({ ...ANY, min: 0, max: 1 }), '0.01', 0.01],
  [setting.number({ ...ANY, min: 0, max: 1 }), '1.5', FAULT],
  [setting.number(ANY), 'NaN', FAULT],
  [setting.boolean(ANY), 'Yes', true],
  [setting.boolean(ANY), '0', false],
  [setting.boolean(ANY), 'constructor', FAULT],
  [setting.duration(ANY), '250ms', 250],
  [setting.duration(ANY), '5d', 432_000_000],
  [setting.duration(ANY), '1.5h', FAULT],
  [setting.duration({ ...ANY, min: '1s' }), '999ms', FAULT],
  [setting.duration({ ...ANY, max: '1m' }), '61s', FAULT],
  [setting.list(ANY), ' a, b ,', ['a', 'b']],
  [setting.list(ANY), ',', []],
  [setting.list({ ...ANY, item: /^\d+$/ }), '1,x', FAULT],
  [setting.choice(['on', 'off'], ANY), 'on', 'on'],
  [setting.choice(['on', 'off'], ANY), 'ON', FAULT],
  [setting.url({ ...ANY, protocols: ['https'] }), 'https://x.example/', 'https://x.example/'],
  [setting.url({ ...ANY, protocols: ['https'] }), 'x.example', FAULT],
  [setting.string({ ...ANY, pattern: /^a+$/ }), 'ab', FAULT],
];

test.for(ROWS.map(([kind, text, value]) => [`${kind.expected}: ${JSON.stringify(text)}`, kind, text, value] as const))(
  '%s',
  ([, kind, text, value]) => {
    const reading = kind.read(text);
    expect(reading.kind === 'value' ? reading.value : FAULT).toEqual(value);
  },
);

test('the table for the documentation', () => {
  const { MXFLOW_NAME, MXFLOW_WINDOW, MXFLOW_WAIT, MXFLOW_KEY } = SCHEMA;
  expect(describeSettings({ MXFLOW_NAME, MXFLOW_WINDOW, MXFLOW_WAIT, MXFLOW_KEY })).toBe(
    [
      '| Variable | Value | Default | Meaning |',
      '| --- | --- | --- | --- |',
      '| `MXFLOW_NAME` | text | required | Its name |',
      '| `MXFLOW_WINDOW` | a whole number from 1 to 64, in messages | `4` | Messages in flight |',
      '| `MXFLOW_WAIT` | a duration such as 250ms, 20s, 10m, 1h or 5d, from 1s to 1h | `90s` | Wait |',
      '| `MXFLOW_KEY` | a key | none | Key (secret) |',
      '',
    ].join('\n'),
  );
});
