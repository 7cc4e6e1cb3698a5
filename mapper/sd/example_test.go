package sd_test

import (
	"fmt"
	"os"

	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/sd"
)

func ExampleLabels_Parse() {
	nodes, err := sd.Labels{Weight: "capacity"}.Parse([]byte(`[
		{"targets": ["10.0.0.1:80", "10.0.0.2:80"], "labels": {"capacity": "2"}}
	]`), "targets.json")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, n := range nodes {
		fmt.Println(n.Name, n.Weight)
	}
	// Output:
	// 10.0.0.1:80 2
	// 10.0.0.2:80 2
}

func ExampleWrite() {
	err := sd.Write(os.Stdout, []mapper.Node{{Name: "web-1", Addr: "10.0.0.1:80"}})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// [
	//   {
	//     "targets": [
	//       "10.0.0.1:80"
	//     ],
	//     "labels": {
	//       "__meta_proxenos_id": "web-1"
	//     }
	//   }
	// ]
}

func ExampleIsSD() {
	fmt.Println(sd.IsSD([]byte("- targets: ['10.0.0.1:80']\n"), "targets.yml"))
	// Output: true
}
