import type { UsageUnit } from '../usage/usage.ts';

/** How large a picture is and how carefully it is made. */
interface Size {
  readonly width: number;
  readonly height: number;
  readonly quality: string;
}

const SIZED = /^(\d{1,5})\D{1,3}(\d{1,5})(?:\/(.+))?$/;
const LINES = /^(\d{3,4})p$/;
const QUALITY_DEFAULT = 'standard';

/**
 * The figure that holds for a variant no figure is written for: AWS prices a picture by the smallest listed size that
 * both of its sides fit into ("up to 1024 x 1024"), a film by its lines (720p), which are its shorter side. Null where
 * none fits: larger than every listed size, or of a quality that is not listed.
 */
export function sizedFigure(unit: UsageUnit, variant: string, names: readonly string[]): string | null {
  const asked = sizeOf(variant);
  if (asked === null) return null;
  const shorter = Math.min(asked.width, asked.height);
  let best: { readonly name: string; readonly area: number } | null = null;
  for (const name of names) {
    const text = name.slice(unit.length + 1);
    const [, lines] = LINES.exec(text) ?? [];
    if (lines !== undefined && Number(lines) === shorter) return name;
    const listed = sizeOf(text);
    if (listed === null || listed.quality !== asked.quality) continue;
    const area = listed.width * listed.height;
    const fits = asked.width <= listed.width && asked.height <= listed.height;
    if (fits && (best === null || area < best.area)) best = { name, area };
  }
  return best?.name ?? null;
}

function sizeOf(text: string): Size | null {
  const [, width, height, quality = QUALITY_DEFAULT] = SIZED.exec(text) ?? [];
  return width === undefined || height === undefined
    ? null
    : { width: Number(width), height: Number(height), quality: quality.toLowerCase() };
}
