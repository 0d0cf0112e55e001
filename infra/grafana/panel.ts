import { GraphDrawStyle, StackingMode, VisibilityMode } from '@grafana/grafana-foundation-sdk/common';
import { StackingConfigBuilder, VizLegendOptionsBuilder } from '@grafana/grafana-foundation-sdk/common';
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import { DashboardBuilder, type Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatPanel } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as GraphPanel } from '@grafana/grafana-foundation-sdk/timeseries';

/** The data source that provisioning/datasources sets up. */
export const PROMETHEUS = { type: 'prometheus', uid: 'mxflow-prometheus' } as const;

/** What every dashboard of ours begins with: the last hour, refreshed while somebody looks, never edited by hand. */
export function dashboard(name: string, title: string): DashboardBuilder {
  return new DashboardBuilder(`mxflow: ${title}`)
    .uid(`mxflow-${name}`)
    .tags(['mxflow'])
    .refresh('10s')
    .time({ from: 'now-1h', to: 'now' })
    .readonly();
}

/** How often something is counted, over all processes; `by` keeps labels apart. */
export function perSecond(metric: string, by = ''): string {
  return `sum ${by}(rate(${metric}[$__rate_interval]))`;
}

/** One line or more of a panel. */
export type Query = {
  readonly expr: string;
  /** What names a line, e.g. `{{rule}}`. */
  readonly legend: string;
};

export type PanelFacts = {
  readonly title: string;
  /** What it shows, and what to think of it. */
  readonly description: string;
  /** One of Grafana's units: `short`, `ops`, `percentunit`, `bytes`, `s`. */
  readonly unit: string;
  readonly queries: readonly Query[];
  /** Of 24 columns. */
  readonly width: number;
  /** Lines whose legend matches are limits: dashed. */
  readonly limits?: string;
  readonly stacked?: boolean;
};

const HEIGHT = 8;
const STAT_HEIGHT = 4;

/** Lines over time. */
export function graph({
  title,
  description,
  unit,
  queries,
  width,
  limits,
  stacked = false,
}: PanelFacts): Builder<Panel> {
  const panel = new GraphPanel()
    .title(title)
    .description(description)
    .datasource(PROMETHEUS)
    .targets(queries.map(target))
    .unit(unit)
    .min(0)
    .span(width)
    .height(HEIGHT)
    .drawStyle(GraphDrawStyle.Line)
    .showPoints(VisibilityMode.Never)
    .fillOpacity(stacked ? 30 : 5)
    .legend(new VizLegendOptionsBuilder().showLegend(true).calcs(['lastNotNull']));
  if (stacked) panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal));
  if (limits !== undefined) {
    panel.overrideByRegexp(limits, [
      { id: 'custom.lineStyle', value: { fill: 'dash', dash: [8, 6] } },
      { id: 'custom.fillOpacity', value: 0 },
    ]);
  }
  return panel;
}

/** The last value, large. */
export function figure({ title, description, unit, queries, width }: PanelFacts): Builder<Panel> {
  return new StatPanel()
    .title(title)
    .description(description)
    .datasource(PROMETHEUS)
    .targets(queries.map(target))
    .unit(unit)
    .span(width)
    .height(STAT_HEIGHT);
}

function target({ expr, legend }: Query, index: number): DataqueryBuilder {
  return new DataqueryBuilder()
    .datasource(PROMETHEUS)
    .refId(String.fromCodePoint('A'.charCodeAt(0) + index))
    .expr(expr)
    .legendFormat(legend)
    .range();
}
