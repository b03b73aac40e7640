const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
  mo: 30 * 86_400_000,
};

const FORM = /^(\d{1,9})(s|m|h|d|w|mo)$/;

/** Longer than anybody's key lives, short enough that dates stay dates. */
const DURATION_MS_MAX = 100 * 366 * 86_400_000;

/** Reads LiteLLM's durations: `30s`, `30m`, `30h`, `30d`, `2w`, `1mo` (30 days). Null for anything else. */
export function durationMs(text: string): number | null {
  const [, count = '', unit = ''] = FORM.exec(text) ?? [];
  const factor = UNIT_MS[unit];
  if (factor === undefined) return null;
  const ms = Number(count) * factor;
  return ms > DURATION_MS_MAX ? null : ms;
}
