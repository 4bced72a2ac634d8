/**
 * The area under the ROC curve: how likely a value of `others` is larger than one of `ones`, ties counted half
 * (Mann–Whitney U over the number of pairs). 0.5 where nothing tells them apart.
 */
export function auc(ones: readonly number[], others: readonly number[]): number {
  const all = [
    ...ones.map((value) => ({ value, isOther: false })),
    ...others.map((value) => ({ value, isOther: true })),
  ];
  all.sort((a, b) => a.value - b.value);
  let rankSum = 0;
  for (let start = 0; start < all.length; ) {
    let end = start;
    while (end < all.length && all[end]?.value === all[start]?.value) end += 1;
    const rank = (start + 1 + end) / 2;
    for (let at = start; at < end; at += 1) if (all[at]?.isOther) rankSum += rank;
    start = end;
  }
  const u = rankSum - (others.length * (others.length + 1)) / 2;
  return u / (ones.length * others.length);
}
