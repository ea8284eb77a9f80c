// Stacked bars of cost over time, drawn by ECharts in the colors of the page.
// NiceGUI's own element for charts compiles its template and its formatters, which the page's policy forbids.
import { h } from "vue";
import { echarts } from "nicegui-echart";

const dark = window.matchMedia("(prefers-color-scheme: dark)");
const writeAxis = (cost) => "$" + cost.toLocaleString("en", { minimumFractionDigits: cost % 1 ? 2 : 0 });
const writeCost = (cost) => "$" + Number(cost).toLocaleString("en", { maximumSignificantDigits: 4 });

export default {
  // `lines` have a name, a color, and their costs. `partial` has the places of steps that are not whole.
  props: { labels: Array, lines: Array, partial: Array },
  render() {
    return h("div");
  },
  mounted() {
    this.chart = echarts.init(this.$el, null, { renderer: "svg" });
    this.observer = new ResizeObserver(() => this.chart.resize());
    this.observer.observe(this.$el);
    dark.addEventListener("change", this.draw);
    this.draw();
  },
  beforeUnmount() {
    dark.removeEventListener("change", this.draw);
    this.observer.disconnect();
    this.chart.dispose();
  },
  methods: {
    draw() {
      const style = getComputedStyle(this.$el);
      const color = (name) => style.getPropertyValue(`--${name}`).trim();
      const text = { color: color("soft"), fontFamily: style.fontFamily, fontSize: 12, lineHeight: 16 };
      const axis = { axisLine: { show: false }, axisTick: { show: false }, axisLabel: text };
      const bar = (cost, place) => ({ value: cost, itemStyle: { opacity: this.partial.includes(place) ? 0.5 : 1 } });
      this.chart.setOption({
        animation: false,
        textStyle: text,
        grid: { left: 4, right: 4, top: 34, bottom: 4, containLabel: true },
        legend: { type: "scroll", top: 0, left: 0, icon: "rect", itemWidth: 10, itemHeight: 10, textStyle: text,
          pageTextStyle: text, pageIconColor: color("soft"), pageIconInactiveColor: color("line") },
        tooltip: { trigger: "axis", axisPointer: { type: "shadow" }, confine: true, order: "seriesDesc",
          // Drawn, so that names are never read as HTML.
          renderMode: "richText", valueFormatter: writeCost, backgroundColor: color("paper"),
          borderColor: color("line"), textStyle: { ...text, color: color("ink") } },
        xAxis: { type: "category", data: this.labels, ...axis },
        yAxis: { type: "value", ...axis, splitLine: { lineStyle: { color: color("line") } },
          axisLabel: { ...text, formatter: writeAxis } },
        series: this.lines.map((line) => ({ type: "bar", name: line.name, stack: "cost", barCategoryGap: "25%",
          barMaxWidth: 110, itemStyle: { color: color(line.color) }, data: line.costs.map(bar) })),
      });
    },
  },
};
