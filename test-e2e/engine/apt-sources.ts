/** One repository as apt knows it. */
export type AptSource = {
  readonly uri: string;
  readonly suite: string;
  readonly components: readonly string[];
};

/** Reads sources in either of apt's formats (sources.list(5)): one a line, or paragraphs of fields. Pure. */
export function parseAptSources(text: string): AptSource[] {
  const lines = text.split('\n').filter((line) => !line.startsWith('#'));
  const oneLine = lines.flatMap(parseLine);
  const paragraphs = lines.join('\n').split(/\n\s*\n/);
  return [...oneLine, ...paragraphs.flatMap(parseParagraph)];
}

/** The sources of one release: the suite itself, its updates and its security fixes. */
export function sourcesOfRelease(sources: readonly AptSource[], codename: string): AptSource[] {
  const suites = new Set([codename, `${codename}-updates`, `${codename}-security`]);
  return sources.filter(({ suite, components }) => suites.has(suite) && components.includes('main'));
}

/** Where a release can be had from: a repository that serves it to this machine, or serves another release of Debian. */
export function mirrorFor(sources: readonly AptSource[], codename: string): string | undefined {
  const exact = sources.find(({ suite, components }) => suite === codename && components.includes('main'));
  const debian = /^(bookworm|trixie|forky|stable|testing|unstable|sid)$/;
  return (exact ?? sources.find(({ suite, components }) => debian.test(suite) && components.includes('main')))?.uri;
}

function parseLine(line: string): AptSource[] {
  const match = /^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+(.+)$/.exec(line);
  if (match === null) return [];
  const [, uri = '', suite = '', components = ''] = match;
  return [{ uri, suite, components: wordsOf(components) }];
}

function parseParagraph(paragraph: string): AptSource[] {
  const fields = new Map<string, string>();
  for (const line of paragraph.replace(/\n[ \t]+/g, ' ').split('\n')) {
    const match = /^([A-Za-z-]+):\s*(.*)$/.exec(line);
    if (match !== null) fields.set((match[1] ?? '').toLowerCase(), match[2] ?? '');
  }
  if (!wordsOf(fields.get('types')).includes('deb') || fields.get('enabled') === 'no') return [];
  const components = wordsOf(fields.get('components'));
  return wordsOf(fields.get('uris')).flatMap((uri) =>
    wordsOf(fields.get('suites')).map((suite) => ({ uri, suite, components })),
  );
}

function wordsOf(text = ''): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
