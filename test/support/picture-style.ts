export const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Of all pictures that tests draw: colours for light and for dark pages. */
export const STYLE = `
    text { font: 13px system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; fill: #1f2328 }
    .small { font-size: 11.5px }
    .bold { font-weight: 600 }
    .bg { fill: #ffffff; stroke: #d0d7de; stroke-width: 1.2 }
    .box { fill: #f6f8fa; stroke: #818b98; stroke-width: 1.2 }
    .go { fill: #eef6ff; stroke: #7fb2e8; stroke-width: 1.2 }
    .line { stroke: #818b98; fill: none; stroke-width: 1.2 }
    .grid { stroke: #d0d7de; fill: none }
    .cut { fill: #ffffff }
    .soft { fill: #59636e }
    .goInk { fill: #0a4f9e }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 }
      .bg { fill: #0d1117; stroke: #30363d }
      .box { fill: #161b22; stroke: #7d8590 }
      .go { fill: #0f2238; stroke: #2f6fb3 }
      .line { stroke: #7d8590 }
      .grid { stroke: #30363d }
      .cut { fill: #0d1117 }
      .soft { fill: #9da7b3 }
      .goInk { fill: #8cc2ff }
    }
  `;
