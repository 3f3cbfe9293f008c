// The keys of the canvas.
import { Dialog } from "../ui/dialog";
import { HELP } from "./keys";

export function HelpDialog({ isEditing, onClose }: { readonly isEditing: boolean; readonly onClose: () => void }) {
  return (
    <Dialog title="Keys of the picture" onClose={onClose} isWide>
      <div className="key-groups">
        {HELP.filter((group) => isEditing || !group.isEditing).map((group) => (
          <section key={group.title}>
            <h3>{group.title}</h3>
            <dl>
              {group.keys.map(([keys, what]) => (
                <div key={keys}>
                  <dt>
                    <kbd>{keys}</kbd>
                  </dt>
                  <dd>{what}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
