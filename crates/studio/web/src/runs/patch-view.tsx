// A difference that was made elsewhere: lines with `+`, `-` or a space in front.
import "../ui/diff-view.css";

export function PatchView({ diff, label }: { readonly diff: string; readonly label: string }) {
  return (
    <pre className="diff" tabIndex={0} aria-label={label}>
      {diff.replace(/\n$/, "").split("\n").map((line, index) => (
        <div key={index} className="diff-line" data-kind={kindOf(line)}>
          {line === "" ? " " : line}
        </div>
      ))}
    </pre>
  );
}

function kindOf(line: string): "same" | "removed" | "added" {
  if (line.startsWith("+++") || line.startsWith("---")) return "same";
  return line.startsWith("+") ? "added" : line.startsWith("-") ? "removed" : "same";
}
