import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { DEMO_SEED, demoProviders, demoRecipients, startProviders } from '@mxflow/provider-sim';
import { expect, test } from 'vitest';

import { openCampaign, SAMPLE_JOB } from '../demo/campaign.ts';
import { DEMO_RULES } from '../demo/demo-report.ts';
import { dashboardFiles } from '../grafana/dashboard-files.ts';
import { PROMETHEUS } from '../grafana/panel.ts';
import { prometheusBinary } from '../servers/binaries.ts';
import { startPrometheus } from '../servers/prometheus.ts';
import { openStateFolder } from '../servers/state-folder.ts';
import { startStack, type Stack } from '../stack/index.ts';
import { createWorld } from '../testing/index.ts';

/** Lines that nothing feeds where nothing is wrong. */
const EMPTY_WHERE_ALL_IS_WELL = [
  'mxflow_periodic_failures_total',
  'mxflow_feedback_hits_total',
  'mxflow_holds_imposed_total',
  'mxflow_scopes_suspended',
  'mxflow_inbound_read_seconds',
  'mxflow_sync_failures_total',
  'mxflow_parked_messages_total',
];

const ALERTS = join(import.meta.dirname, '..', 'prometheus', 'alerts.yml');

type Asked = { readonly dashboard: string; readonly panel: string; readonly expr: string };

/** Of the demonstration's recipients, which take turns at its providers, as many as the gauges need to be looked at twice. */
const RECIPIENTS = 600;

/** Every query, as Grafana would send it with nothing chosen. */
function queries(): readonly Asked[] {
  return dashboardFiles().flatMap(({ name, dashboard }) =>
    (dashboard.panels ?? []).flatMap((panel) => {
      if (!('targets' in panel)) throw new Error(`${name}: ${panel.title ?? ''} is a row, which nothing here reads`);
      return (panel.targets ?? []).map((target) => {
        const { expr, datasource } = target as unknown as { readonly expr: string; readonly datasource: unknown };
        expect(datasource).toEqual(PROMETHEUS);
        const filled = expr.replaceAll('$__rate_interval', '30s').replaceAll(/\$(?:rule|source)\b/g, '.*');
        return { dashboard: name, panel: panel.title ?? '', expr: filled };
      });
    }),
  );
}

test('the dashboards that Grafana is given are those of the code', () => {
  for (const { name, text } of dashboardFiles()) {
    const given = readFileSync(join(import.meta.dirname, '..', 'grafana', 'dashboards', name), 'utf8');
    expect(given, `${name}: npm run dashboards writes it`).toBe(text);
  }
  const provisioned = join(import.meta.dirname, '..', 'grafana', 'provisioning', 'datasources', 'prometheus.yml');
  expect(readFileSync(provisioned, 'utf8')).toContain(`uid: ${PROMETHEUS.uid}\n    type: ${PROMETHEUS.type}`);
  expect(new Set(queries().map(({ dashboard, panel }) => `${dashboard} ${panel}`)).size).toBe(
    dashboardFiles().reduce((sum, { dashboard }) => sum + (dashboard.panels ?? []).length, 0),
  );
});

const isMissing = prometheusBinary() === undefined;
const title =
  'every query of every panel is answered by a Prometheus that watches a campaign, and every alert is known';

test.skipIf(isMissing)(
  isMissing ? `${title} (no prometheus here: apt-get install prometheus)` : title,
  { timeout: 90_000 },
  async () => {
    await using resources = new AsyncDisposableStack();
    const folder = resources.use(openStateFolder());
    const world = resources.use(await createWorld());
    const sims = resources.use(
      await startProviders({
        specs: demoProviders(),
        seed: DEMO_SEED,
        refereeFile: join(folder.path, 'referee.ndjson'),
      }),
    );
    const stack = resources.use(
      await startStack({
        workers: 2,
        on: world,
        rules: DEMO_RULES,
        ruleSets: true,
        settings: {
          MXFLOW_DNS: sims.dnsAddress,
          MXFLOW_SMTP_PORT: String(sims.smtpPort),
          MXFLOW_PRIVATE_MX: sims.privateMx.join(','),
        },
      }),
    );
    const prometheus = resources.use(
      await startPrometheus({ folder, targets: targetsOf(stack), scrapeSeconds: 1, ruleFile: ALERTS }),
    );
    const campaign = await openCampaign(stack, SAMPLE_JOB, demoRecipients().slice(0, RECIPIENTS));

    const silent = new Map<string, Asked>();
    for (const query of queries()) silent.set(query.expr, query);
    for (const untilMs = performance.now() + 25_000; silent.size > 0 && performance.now() < untilMs; await pause(500)) {
      for (const expr of silent.keys()) if ((await ask(prometheus.url, expr)) > 0) silent.delete(expr);
      if ([...silent.values()].every(mayBeEmpty)) break;
    }
    expect([...silent.values()].filter((query) => !mayBeEmpty(query))).toEqual([]);
    await campaign.untilFinished({ limitMs: 30_000 });
    expect(await ask(prometheus.url, 'sum(mxflow_tokens_spent_total) > 0')).toBe(1);
    // One of the rules is for whatever the others do not name, and nobody is.
    expect(await ask(prometheus.url, 'max by (rule, source) (mxflow_scope_connections_allowed) > 0')).toBe(
      DEMO_RULES.length - 1,
    );
    const alerts = await alertsOf(prometheus.url);
    expect(alerts.filter(({ health }) => health !== 'ok')).toEqual([]);
    const metrics = new Set(alerts.flatMap(({ query }) => query.match(/mxflow_\w+/g) ?? []));
    const known = await namesOf(prometheus.url);
    expect([...metrics].filter((metric) => !known.has(metric) && !EMPTY_WHERE_ALL_IS_WELL.includes(metric))).toEqual(
      [],
    );
  },
);

function mayBeEmpty({ expr }: Asked): boolean {
  return EMPTY_WHERE_ALL_IS_WELL.some((metric) => expr.includes(metric));
}

function targetsOf(stack: Stack): Readonly<Record<string, readonly string[]>> {
  const of = (...services: readonly { readonly healthUrl: string }[]): readonly string[] =>
    services.map(({ healthUrl }) => new URL(healthUrl).host);
  return {
    'ingest-api': of(stack.ingestApi),
    dispatcher: of(stack.dispatcher),
    'mta-worker': of(...stack.workers),
    'bounce-processor': of(stack.bounceProcessor),
    ...(stack.ruleSets === undefined
      ? {}
      : {
          'deliverability-hub': of(stack.ruleSets.deliverabilityHub),
          'deliverability-sync': of(stack.ruleSets.deliverabilitySync),
        }),
  };
}

type Alert = { readonly name: string; readonly query: string; readonly health: string };

async function alertsOf(url: string): Promise<readonly Alert[]> {
  const { data } = (await (await fetch(`${url}/api/v1/rules`)).json()) as {
    readonly data: { readonly groups: readonly { readonly rules: readonly Alert[] }[] };
  };
  return data.groups.flatMap(({ rules }) => rules);
}

/** Every metric that anything has. */
async function namesOf(url: string): Promise<ReadonlySet<string>> {
  const answer = await fetch(`${url}/api/v1/label/__name__/values`);
  return new Set(((await answer.json()) as { readonly data: readonly string[] }).data);
}

/** How many series answer. Throws where the query is none. */
async function ask(url: string, expr: string): Promise<number> {
  const response = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expr)}`);
  const { data, error } = (await response.json()) as {
    readonly data?: { readonly result: readonly unknown[] };
    readonly error?: string;
  };
  if (data === undefined) throw new Error(`${expr}: ${error ?? response.status}`);
  return data.result.length;
}
