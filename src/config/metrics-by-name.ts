import type { Settings } from './settings.ts';

/** LiteLLM has its metrics in the list of callbacks. */
export const PROMETHEUS = 'prometheus';

interface WithMetrics {
  readonly settings: Settings;
  /** Lines for whoever wrote the settings. */
  readonly mistakes: readonly string[];
}

/**
 * `prometheus` among the sinks is no sink: it switches the metrics on, by our names where nothing is said of theirs.
 * @param isSaid whether the setting `metrics` has been given
 */
export function metricsByName(settings: Settings, isSaid: boolean): WithMetrics {
  const named = settings.sinks.find(({ type }) => type === PROMETHEUS);
  if (named === undefined) return { settings, mistakes: [] };
  const sinks = settings.sinks.filter(({ type }) => type !== PROMETHEUS);
  const given = Object.keys(named.options);
  const mistakes = given.length === 0 ? [] : [`prometheus has no setting ${given.join(', ')}: see the setting metrics`];
  return { settings: { ...settings, sinks, metrics: isSaid ? settings.metrics : 'outcrop' }, mistakes };
}
