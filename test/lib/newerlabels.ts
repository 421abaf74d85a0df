const histogramLabels =
  /^__(?:always_scrape_classic_histograms|convert_classic_histograms_to_nhcb|scrape_native_histograms)__$/;

/** What came of JSON, without the labels of discovered targets that 3.14 was the first to have, wherever they stand. */
export function withoutHistogramLabels<T>(body: T): T {
  if (body === undefined) return body;
  return JSON.parse(JSON.stringify(body), (name, value: unknown) =>
    histogramLabels.test(name) ? undefined : value,
  ) as T;
}
